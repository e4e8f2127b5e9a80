//! Subjects of NATS: tokens between dots; in what is subscribed to `*` stands for one, `>` at the end for
//! one or more.

/// Whether something may be published on it.
pub fn is_subject(subject: &str) -> bool {
    is_pattern(subject) && !subject.split('.').any(|token| matches!(token, "*" | ">"))
}

/// Whether it may be subscribed to.
pub fn is_pattern(pattern: &str) -> bool {
    let is_token = |token: &str| {
        !token.is_empty() && !token.chars().any(|one| one.is_whitespace() || one.is_control())
    };
    let mut before_last = pattern.split('.').rev().skip(1);
    pattern.split('.').all(is_token) && before_last.all(|token| token != ">")
}

/// Whether who has subscribed to `pattern` is told of what is published on `subject`.
pub fn matches(pattern: &str, subject: &str) -> bool {
    let (mut wanted, mut said) = (pattern.split('.'), subject.split('.'));
    loop {
        match (wanted.next(), said.next()) {
            (Some(">"), Some(_)) | (None, None) => return true,
            (Some("*"), Some(_)) => {}
            (Some(wanted), Some(said)) if wanted == said => {}
            _ => return false,
        }
    }
}
