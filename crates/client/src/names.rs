//! One name or many, as the documents let them be given.

/// What may stand where names of channels, groups or users are asked for: a text, a list, an array or a tuple.
///
/// A comma separates names, since none can hold one.
///
/// ```
/// use hereabouts::Names;
/// for names in ["a,b".names(), ["a", "b"].names(), vec!["a".to_owned(), "b".to_owned()].names(), ("a", "b").names()] {
///     assert_eq!(names, ["a", "b"]);
/// }
/// ```
pub trait Names {
    /// The names, in their order; empty ones are left out.
    fn names(self) -> Vec<String>;
}

impl Names for &str {
    fn names(self) -> Vec<String> {
        self.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }
}

impl Names for String {
    fn names(self) -> Vec<String> {
        self.as_str().names()
    }
}

impl Names for &String {
    fn names(self) -> Vec<String> {
        self.as_str().names()
    }
}

impl<T: Names> Names for Vec<T> {
    fn names(self) -> Vec<String> {
        self.into_iter().flat_map(Names::names).collect()
    }
}

impl<T: Names, const N: usize> Names for [T; N] {
    fn names(self) -> Vec<String> {
        self.into_iter().flat_map(Names::names).collect()
    }
}

impl<T: AsRef<str>> Names for &[T] {
    fn names(self) -> Vec<String> {
        self.iter().flat_map(|name| name.as_ref().names()).collect()
    }
}

impl<T: AsRef<str>> Names for &Vec<T> {
    fn names(self) -> Vec<String> {
        self.as_slice().names()
    }
}

macro_rules! tuples {
    ($(($($name:ident),+)),+) => {$(
        impl<$($name: Names),+> Names for ($($name,)+) {
            #[allow(non_snake_case, reason = "a field is named after its type")]
            fn names(self) -> Vec<String> {
                let ($($name,)+) = self;
                [$($name.names()),+].concat()
            }
        }
    )+};
}

tuples!((A), (A, B), (A, B, C), (A, B, C, D), (A, B, C, D, E), (A, B, C, D, E, F));
