"""Copies of the record in an object store: what goes up, the index that says what is there.

`captured_files` finds what of a run directory is durable, `uploading` brings it up and writes an
index, `writer_claims` fences off an earlier writer, `downloading` brings a record back, and
`upload_worker` is the process beside a run that does all this again and again.
"""
