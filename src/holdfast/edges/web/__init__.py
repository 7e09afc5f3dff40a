"""The pages: read models as HTML, drawn on the server; the scripts only keep them fresh."""
