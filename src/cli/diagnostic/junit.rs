//! A JUnit report: a suite per file, in it a case per violation, or one that passed.

use std::io::{self, Write};

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::printable::{escaped, sentence};
use super::severity_word;
use crate::schema::{Severity, Violation};
use crate::store::CheckedFile;

/// All files as one report.
pub(super) fn write(out: &mut dyn Write, files: &[CheckedFile]) -> io::Result<()> {
    let mut report = Report::new("valvecfg");
    for file in files {
        let path = escaped(&file.path);
        let mut suite = TestSuite::new(&*path);
        if file.violations.is_empty() {
            suite.add_test_case(case("valid", &path, TestCaseStatus::success()));
        }
        suite.add_test_cases(file.violations.iter().map(|violation| violated(file, violation)));
        report.add_test_suite(suite);
    }
    report.serialize(out).map_err(io::Error::other)
}

fn violated(file: &CheckedFile, violation: &Violation) -> TestCase {
    let path = escaped(&file.path);
    let name = if violation.key.is_empty() {
        violation.code.to_string()
    } else {
        format!("{} {}", violation.code, escaped(&violation.key.to_string()))
    };
    let position = violation.position;
    let place = format!("{path}:{}:{}", position.line, position.column);
    let said = format!(
        "{}[{}] {}",
        severity_word(violation.severity),
        violation.code,
        sentence(&violation.message)
    );
    let mut case = match violation.severity {
        Severity::Error => {
            // A file that could not be read was not tested: JUnit calls that an error, not a failure.
            let kind = file
                .text
                .as_ref()
                .map_or(NonSuccessKind::Error, |_| NonSuccessKind::Failure);
            let mut status = TestCaseStatus::non_success(kind);
            status
                .set_message(sentence(&violation.message))
                .set_type(violation.code.as_str());
            let allowed = violation
                .allowed
                .as_deref()
                .map(|allowed| format!("\n{}", sentence(allowed)));
            status.set_description(format!("{place}: {said}{}", allowed.unwrap_or_default()));
            case(&name, &path, status)
        }
        // JUnit knows no warnings, and what may be recorded must not fail a build.
        Severity::Warning | Severity::Note => {
            let mut case = case(&name, &path, TestCaseStatus::success());
            case.set_system_out(format!("{place}: {said}"));
            case
        }
    };
    case.extra.insert("line".into(), position.line.to_string().into());
    case
}

fn case(name: &str, path: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(name, status);
    case.set_classname(path.strip_suffix(".toml").unwrap_or(path));
    case.extra.insert("file".into(), path.into());
    case
}
