"""A profile made by questions and answers.

`dialogue` is the order of the questions, `ui` what asks them (`scripted_ui` answers by itself, for tests),
`migrations_choice` and `profile_fields` are two parts of the talk.
"""
