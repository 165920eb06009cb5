"""Readers of the files that say what a stack is made of: from text to resources, with a finding for what is not
understood. Neither a server nor a network is asked."""
