"""Check-ins: what people say of an item, with a value where they bring one or overrule a source."""
