//! Tokens: read, and written out again as what was read.
//!
//! Seeds: tokens

#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::access::Token;

fuzz_target!(|text: &str| {
    let Ok(bytes) = Token::bytes_of(text) else { return };
    let _ = Token::parts(&bytes);
    let Ok((token, signature)) = Token::decode(&bytes) else { return };
    let _ = token.expires();
    if let Ok(signature) = signature.as_slice().try_into() {
        let again = Token::bytes_of(&token.signed(signature)).expect("what was written is base64");
        let (covered, signed) = Token::parts(&again).expect("it has the form of our own");
        assert_eq!((covered, signed), (token.unsigned(), signature.as_slice()));
        assert_eq!(Token::decode(&again), Ok((token, signature.to_vec())));
    }
});
