//! A server on a free port, a clock moved by hand, and the vector runner.
