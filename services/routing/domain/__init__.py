"""The rules of handing a case over: pure, no clock, no session, no await."""
