"""What every engine must pass: behaviour of a contract, as plain coroutines with assertions, for any test runner.

They ship with the package so that an engine written elsewhere can sit the same exams.
"""
