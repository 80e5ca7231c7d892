"""What people see: maps, pages, widgets; the only matplotlib. May import everything below."""
