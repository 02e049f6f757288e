//! The client against the real server, and against transports that misbehave.

mod smoke;
