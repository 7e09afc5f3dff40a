"""The relay near applications: follows a server, keeps its last snapshot on disk, reports upstream what is proven."""
