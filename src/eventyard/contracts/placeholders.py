"""What a new document says where people have still to say something; the lint finds what was left."""

PROSE = "When this event is raised, what it means to the business, and what it does not mean."
MEANING = "What it means to the business."
