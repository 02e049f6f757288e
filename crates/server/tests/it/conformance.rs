//! One suite over both paths of the edge: no answer depends on the path it took.

mod order;
