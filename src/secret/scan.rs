//! Texts that look secret wherever they stand: tokens and keys of a shape that their makers document, passwords in
//! addresses, and long random texts at keys whose names tell of something secret.
//!
//! A shape is what a text must look like, so it is a guess: it knows no schema, and nothing is asked of anybody. What
//! stands for a secret in documentation, `ghp_xxxx…` or `https://user:<password>@host`, is none.

use std::ops::Range;

use serde::Serialize;

/// What a text looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// An access key of Amazon Web Services: `AKIA…`, `ASIA…`.
    AwsKey,
    /// A token of GitHub: `ghp_…`, `github_pat_…` and alike.
    GithubToken,
    /// A token of GitLab: `glpat-…`.
    GitlabToken,
    /// A token of Slack: `xoxb-…` and alike.
    SlackToken,
    /// A live key of Stripe: `sk_live_…`, `rk_live_…`.
    StripeKey,
    /// An API key of Google: `AIza…`.
    GoogleKey,
    /// A token of npm: `npm_…`.
    NpmToken,
    /// A JSON Web Token.
    JsonWebToken,
    /// A private key in PEM.
    PrivateKey,
    /// An identity of age: `AGE-SECRET-KEY-1…`.
    AgeIdentity,
    /// An address with a password in it: `scheme://user:password@host`.
    UrlPassword,
    /// Long, and of hexadecimal digits or base64 only. It counts at keys whose names tell.
    Random,
}

impl Shape {
    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::AwsKey => "an access key of AWS",
            Self::GithubToken => "a token of GitHub",
            Self::GitlabToken => "a token of GitLab",
            Self::SlackToken => "a token of Slack",
            Self::StripeKey => "a live key of Stripe",
            Self::GoogleKey => "an API key of Google",
            Self::NpmToken => "a token of npm",
            Self::JsonWebToken => "a JSON Web Token",
            Self::PrivateKey => "a private key",
            Self::AgeIdentity => "an age identity",
            Self::UrlPassword => "a password in an address",
            Self::Random => "a long random text at a key of such a name",
        }
    }
}

/// A token: how it begins, which letters follow, and how many at least and at most.
struct Token {
    begins: &'static str,
    letters: fn(u8) -> bool,
    least: usize,
    most: usize,
    shape: Shape,
}

const fn token(begins: &'static str, letters: fn(u8) -> bool, least: usize, most: usize, shape: Shape) -> Token {
    Token {
        begins,
        letters,
        least,
        most,
        shape,
    }
}

const ANY: usize = usize::MAX;

const TOKENS: [Token; 20] = [
    token("AKIA", is_upper, 16, 16, Shape::AwsKey),
    token("ASIA", is_upper, 16, 16, Shape::AwsKey),
    token("ghp_", is_word, 36, ANY, Shape::GithubToken),
    token("gho_", is_word, 36, ANY, Shape::GithubToken),
    token("ghu_", is_word, 36, ANY, Shape::GithubToken),
    token("ghs_", is_word, 36, ANY, Shape::GithubToken),
    token("ghr_", is_word, 36, ANY, Shape::GithubToken),
    token("github_pat_", is_word, 22, ANY, Shape::GithubToken),
    token("glpat-", is_base64url, 20, ANY, Shape::GitlabToken),
    token("xoxa-", is_base64url, 10, ANY, Shape::SlackToken),
    token("xoxb-", is_base64url, 10, ANY, Shape::SlackToken),
    token("xoxp-", is_base64url, 10, ANY, Shape::SlackToken),
    token("xoxr-", is_base64url, 10, ANY, Shape::SlackToken),
    token("xoxs-", is_base64url, 10, ANY, Shape::SlackToken),
    token("sk_live_", is_alphanumeric, 16, ANY, Shape::StripeKey),
    token("rk_live_", is_alphanumeric, 16, ANY, Shape::StripeKey),
    token("AIza", is_base64url, 35, 35, Shape::GoogleKey),
    token("npm_", is_alphanumeric, 36, 36, Shape::NpmToken),
    token("AGE-SECRET-KEY-1", is_upper, 58, 58, Shape::AgeIdentity),
    token("eyJ", is_web_token, 20, ANY, Shape::JsonWebToken),
];

/// A private key is at least as long, without its first line.
const LEAST_KEY: usize = 40;
/// Shorter texts are words, numbers and short hashes.
const LEAST_RANDOM: usize = 20;
/// What follows the beginning of a token has as many different letters; `xxxx` stands for one.
const LEAST_DIFFERENT: usize = 5;

/// Where something in a text has a well-known shape, in its order. Places do not overlap. [`Shape::Random`] is not
/// among them: without a key, a checksum looks the same.
#[must_use]
pub fn shapes(text: &str) -> Vec<(Range<usize>, Shape)> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let hit = match bytes[at] {
            b'A' | b'a' | b'e' | b'g' | b'n' | b'r' | b's' | b'x' if starts_word(bytes, at) => token_at(bytes, at),
            b'-' => private_key_at(bytes, at),
            b':' => password_at(bytes, at),
            _ => None,
        };
        match hit {
            Some((place, shape)) => {
                at = place.end;
                found.push((place, shape));
            }
            None => at += 1,
        }
    }
    found
}

/// Whether a key's name says that its value is a password, a token or a key.
#[must_use]
pub fn is_telling_name(name: &str) -> bool {
    const WORDS: [&str; 9] = [
        "password",
        "passwd",
        "passphrase",
        "token",
        "secret",
        "apikey",
        "psk",
        "credential",
        "privatekey",
    ];
    let letters = name.chars().filter(|c| c.is_alphanumeric());
    let name: String = letters.flat_map(char::to_lowercase).collect();
    WORDS.iter().any(|word| name.contains(word))
}

/// Whether a text is long and looks as if a machine had drawn it: hexadecimal digits, or base64 in which small
/// letters, capitals and digits take turns more often than in words.
#[must_use]
pub fn is_random(text: &str) -> bool {
    let bytes = text.as_bytes();
    let of_base64 = |byte: &u8| is_base64url(*byte) || matches!(byte, b'+' | b'/' | b'=');
    let has = |class: fn(&u8) -> bool| bytes.iter().any(class);
    // A path begins with `/`.
    if bytes.len() < LEAST_RANDOM || bytes[0] == b'/' || !bytes.iter().all(of_base64) {
        return false;
    }
    if !has(u8::is_ascii_digit) || !has(u8::is_ascii_alphabetic) || different(bytes) < LEAST_DIFFERENT {
        return false;
    }
    let class = |byte: u8| match byte {
        b'a'..=b'z' => 1,
        b'A'..=b'Z' => 2,
        b'0'..=b'9' => 3,
        _ => 0,
    };
    let turns = bytes.windows(2).filter(|pair| {
        let (one, next) = (class(pair[0]), class(pair[1]));
        one != 0 && next != 0 && one != next
    });
    bytes.iter().all(u8::is_ascii_hexdigit) || turns.count() * 3 >= bytes.len()
}

fn token_at(bytes: &[u8], at: usize) -> Option<(Range<usize>, Shape)> {
    let rest = &bytes[at..];
    TOKENS.iter().find_map(|token| {
        let body = rest.strip_prefix(token.begins.as_bytes())?;
        let length = body.iter().take_while(|byte| (token.letters)(**byte)).count();
        let ends = body.get(length).is_none_or(|next| !next.is_ascii_alphanumeric());
        let fits =
            (token.least..=token.most).contains(&length) && ends && different(&body[..length]) >= LEAST_DIFFERENT;
        let fits = fits && (token.shape != Shape::JsonWebToken || is_three_parts(&rest[..token.begins.len() + length]));
        // Slack's have digits; words behind `xoxb-` have none.
        let fits = fits && (token.shape != Shape::SlackToken || body[..length].iter().any(u8::is_ascii_digit));
        fits.then(|| (at..at + token.begins.len() + length, token.shape))
    })
}

/// Three parts apart by dots, of which the first two are base64 of `{"`.
fn is_three_parts(word: &[u8]) -> bool {
    let parts: Vec<&[u8]> = word.split(|byte| *byte == b'.').collect();
    let is_object = |part: &[u8]| part.starts_with(b"eyJ") && part.len() >= 10;
    matches!(parts[..], [header, claims, _] if is_object(header) && is_object(claims))
}

fn private_key_at(bytes: &[u8], at: usize) -> Option<(Range<usize>, Shape)> {
    let label = bytes[at..].strip_prefix(b"-----BEGIN ")?;
    let end = label.windows(5).take(60).position(|window| window == b"-----")?;
    let is_private = label[..end].windows(11).any(|window| window == b"PRIVATE KEY");
    let key = &label[end + 5..];
    let length = key
        .windows(5)
        .position(|window| window == b"-----")
        .unwrap_or(key.len());
    let start = bytes.len() - key.len();
    (is_private && length >= LEAST_KEY).then(|| (at..start + length, Shape::PrivateKey))
}

/// At the colon of `scheme://user:password@host`.
fn password_at(bytes: &[u8], at: usize) -> Option<(Range<usize>, Shape)> {
    let authority = bytes[at..].strip_prefix(b"://")?;
    if at == 0 || !bytes[at - 1].is_ascii_alphanumeric() {
        return None;
    }
    let ends = |byte: &u8| byte.is_ascii_whitespace() || b"/?#\"'`\\,)]>".contains(byte);
    let end = authority.iter().position(ends).unwrap_or(authority.len());
    let at_sign = authority[..end].iter().rposition(|byte| *byte == b'@')?;
    let colon = authority[..at_sign].iter().position(|byte| *byte == b':')?;
    let password = &authority[colon + 1..at_sign];
    // `$PASSWORD`, `${PASSWORD}`, `{password}`, `<password>`, `***`: something is put there later.
    let stands_for_one = password.iter().all(|byte| b"*xX.".contains(byte))
        || password
            .first()
            .is_some_and(|byte| b"${<%[".contains(byte) && !is_percent_escape(password));
    let start = at + 3 + colon + 1;
    (!stands_for_one && at_sign + 1 < end).then(|| (start..at + 3 + at_sign, Shape::UrlPassword))
}

fn is_percent_escape(text: &[u8]) -> bool {
    matches!(text, [b'%', one, two, ..] if one.is_ascii_hexdigit() && two.is_ascii_hexdigit())
}

fn starts_word(bytes: &[u8], at: usize) -> bool {
    at == 0 || !bytes[at - 1].is_ascii_alphanumeric()
}

/// How many different letters there are.
fn different(bytes: &[u8]) -> usize {
    let mut seen = [false; 256];
    for byte in bytes {
        seen[usize::from(*byte)] = true;
    }
    seen.iter().filter(|seen| **seen).count()
}

fn is_upper(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}

fn is_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

fn is_web_token(byte: u8) -> bool {
    is_base64url(byte) || byte == b'.'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Shape, is_random, is_telling_name, shapes};

    const LETTERS: &str = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hI6kL9nOp2Rs5Tu8Vw1Xy4";
    const UPPER: &str = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7LQPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L";

    /// Each shape, and what is almost one. In pieces, so that no scanner takes this file for a leak.
    fn examples() -> Vec<(String, String, Shape)> {
        let letters = |count: usize| &LETTERS[..count];
        let upper = |count: usize| &UPPER[..count];
        let github = ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"].map(|begins| {
            let placeholder = format!("{begins}{}", "x".repeat(36));
            (format!("{begins}{}", letters(36)), placeholder, Shape::GithubToken)
        });
        let slack = ["xoxa-", "xoxb-", "xoxp-", "xoxr-", "xoxs-"].map(|begins| {
            let words = format!("{begins}and-some-words");
            (format!("{begins}{}", letters(24)), words, Shape::SlackToken)
        });
        let pem = |kind: &str| format!("-----BEGIN {kind}{} KEY-----", "PRIVATE");
        let web = |claims: &str| format!("eyJhbGciOiJI.{claims}.{}", letters(30));
        let others = [
            (
                format!("AKIA{}", upper(16)),
                format!("AKIA{}", upper(17)),
                Shape::AwsKey,
            ),
            (
                format!("ASIA{}", upper(16)),
                format!("ASIA{}", upper(15)),
                Shape::AwsKey,
            ),
            (
                format!("github_pat_{}_{}", letters(22), letters(40)),
                "github_pat_of_mine".to_owned(),
                Shape::GithubToken,
            ),
            (
                format!("glpat-{}", letters(20)),
                format!("glpat-{}", letters(19)),
                Shape::GitlabToken,
            ),
            (
                format!("sk_live_{}", letters(24)),
                format!("sk_test_{}", letters(24)),
                Shape::StripeKey,
            ),
            (
                format!("rk_live_{}", letters(24)),
                format!("rk_live_{}", letters(8)),
                Shape::StripeKey,
            ),
            (
                format!("AIza{}", letters(35)),
                format!("AIza{}", letters(34)),
                Shape::GoogleKey,
            ),
            (
                format!("npm_{}", letters(36)),
                "npm_config_registry_and_what_else_there_is".to_owned(),
                Shape::NpmToken,
            ),
            (web("eyJzdWIiOiIx"), web("zzJzdWIiOiIx"), Shape::JsonWebToken),
            (
                format!("AGE-SECRET-KEY-1{}", upper(58)),
                format!("AGE-SECRET-KEY-1{}", upper(57)),
                Shape::AgeIdentity,
            ),
            (
                format!("{}\n{}\n-----END", pem("OPENSSH "), letters(50)),
                format!("{}...-----END", pem("OPENSSH ")),
                Shape::PrivateKey,
            ),
            (
                format!("{}\n{}\n", pem(""), letters(50)),
                format!("-----BEGIN CERTIFICATE-----\n{}", letters(50)),
                Shape::PrivateKey,
            ),
            (
                "mqtts://valve:hunter2@broker.example:8883/x".to_owned(),
                "mqtts://valve@broker.example:8883/x@y".to_owned(),
                Shape::UrlPassword,
            ),
            (
                "redis://:%21hunter2@cache".to_owned(),
                "redis://user:${PASSWORD}@cache".to_owned(),
                Shape::UrlPassword,
            ),
            (
                "a postgres://u:p4ss@db, and".to_owned(),
                "a postgres://u:<password>@db, and".to_owned(),
                Shape::UrlPassword,
            ),
        ];
        others.into_iter().chain(github).chain(slack).collect()
    }

    fn kinds(text: &str) -> Vec<Shape> {
        shapes(text).into_iter().map(|(_, shape)| shape).collect()
    }

    #[test]
    fn each_shape_is_found_and_what_is_almost_one_is_not() {
        for (text, almost, shape) in examples() {
            assert_eq!(kinds(&text), [shape], "{text}");
            assert_eq!(kinds(&almost), [], "{almost}");
        }
    }

    #[test]
    fn each_shape_is_found_inside_a_text_and_not_inside_a_word() {
        for (text, almost, shape) in examples() {
            assert_eq!(kinds(&format!("# old: {text} (Ines)")), [shape], "{text}");
            assert_eq!(kinds(&format!("token={text}")), [shape], "{text}");
            assert_eq!(kinds(&format!("{text}\n{text}")), [shape, shape], "{text}");
            assert_eq!(kinds(&format!("# old: {almost} (Ines)")), [], "{almost}");
            if !matches!(shape, Shape::PrivateKey | Shape::UrlPassword) {
                assert_eq!(kinds(&format!("x{text}")), [], "{text}");
            }
        }
    }

    #[test]
    fn ordinary_settings_have_no_shape() {
        for text in [
            "",
            "AKIA",
            "broker.gateway.example",
            "https://gateway.example:8443/a:b@c",
            "http://[::1]:80/",
            "://:x@y",
            "sk_live_",
            "2026-11-01",
            "eyJ.eyJ.x",
            "age1ztcq26f74qf2j4pn3yfhkymsun4u5c9vx622lntz0wrjq0h3637sl40apu",
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN",
        ] {
            assert_eq!(kinds(text), [], "{text}");
        }
    }

    #[test]
    fn random_texts_are_told_from_words_paths_and_numbers() {
        for text in [
            "9f86d081884c7d659a2feaa0c55ad015",
            "dGhpcyBpcyBhIHNlY3JldCE5Zm9v",
            LETTERS,
            "6ba7b8109dad11d180b400c04fd430c8",
        ] {
            assert!(is_random(text), "{text}");
        }
        for text in [
            "correct horse battery staple 9",
            "/etc/valve.d/ca.pem",
            "/run/secrets/mqtt9/token",
            "12345678901234567890",
            "averylongwordwithoutdigits",
            "my-secret-token-number-1",
            "ValveControllerToken2",
            "9f86d081884c",
            "00000000000000000000a",
        ] {
            assert!(!is_random(text), "{text}");
        }
        for name in [
            "password",
            "mqtt_password",
            "apiKey",
            "api-key",
            "API_KEY",
            "authToken",
            "client_secret",
        ] {
            assert!(is_telling_name(name), "{name}");
        }
        for name in ["key", "pass_count", "topic", "checksum", "tok"] {
            assert!(!is_telling_name(name), "{name}");
        }
    }

    proptest! {
        #[test]
        fn places_are_in_order_and_lie_in_the_text(
            parts in proptest::collection::vec(prop_oneof![
                "\\PC{0,12}",
                (0..examples().len()).prop_map(|at| examples().swap_remove(at).0),
                (0..examples().len()).prop_map(|at| examples().swap_remove(at).1),
                Just("-----BEGIN ".to_owned()),
                Just("://a:".to_owned()),
            ], 0..8)
        ) {
            let text = parts.concat();
            let mut end = 0;
            for (place, _) in shapes(&text) {
                prop_assert!(place.start >= end && place.start < place.end);
                prop_assert!(text.get(place.clone()).is_some());
                end = place.end;
            }
        }
    }
}
