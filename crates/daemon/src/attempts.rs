//! Whether a node that ended by itself is started again, and when. A plain state machine.

use std::time::Duration;

use crate::problem::{NodeProblem, NodeProblemCode};
use crate::tempo::Tempo;

/// The failures in a row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempts {
    tempo: Tempo,
    failures: u32,
}

/// What is done about a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Next {
    /// The node is started again after a pause.
    Again {
        /// Why it ended.
        problem: NodeProblem,
        /// Failures in a row.
        attempt: u32,
        /// How long to wait.
        pause: Duration,
    },
    /// To try again would not help.
    GiveUp(NodeProblem),
}

impl Attempts {
    pub(crate) fn new(tempo: Tempo) -> Self {
        Self { tempo, failures: 0 }
    }

    /// The node ended, or did not begin, because of `problem`, after it had answered for `answered`.
    pub(crate) fn handle_end(&mut self, problem: NodeProblem, answered: Duration) -> Next {
        if answered >= self.tempo.proof {
            self.failures = 0;
        }
        self.failures += 1;
        if self.failures < most_failures(problem.code) {
            return Next::Again { problem, attempt: self.failures, pause: self.tempo.pause(self.failures) };
        }
        Next::GiveUp(match problem.code {
            NodeProblemCode::Crashed => NodeProblem::new(
                NodeProblemCode::KeepsCrashing,
                format!("twisterd crashed {} times in a row, so it is not started again. {problem}", self.failures),
            ),
            _ => problem,
        })
    }
}

/// With so many failures in a row it is hopeless.
fn most_failures(code: NodeProblemCode) -> u32 {
    match code {
        NodeProblemCode::Crashed => 10,
        // Whoever has it may go; with the longest pauses that is waited for for half an hour.
        NodeProblemCode::PortTaken | NodeProblemCode::DataInUse => 14,
        NodeProblemCode::StartFails | NodeProblemCode::NoAnswer | NodeProblemCode::FolderUnusable => 4,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(codes: &[(NodeProblemCode, u64)]) -> Vec<Result<u64, NodeProblemCode>> {
        let mut attempts = Attempts::new(Tempo::default());
        let outcome = |(code, answered_s): &(NodeProblemCode, u64)| match attempts
            .handle_end(NodeProblem::new(*code, "why"), Duration::from_secs(*answered_s))
        {
            Next::Again { pause, .. } => Ok(pause.as_secs()),
            Next::GiveUp(problem) => Err(problem.code),
        };
        codes.iter().map(outcome).collect()
    }

    #[test]
    fn pauses_between_crashes_double_until_it_is_hopeless() {
        let outcome = run(&[(NodeProblemCode::Crashed, 5); 10]);
        let expected = [1, 2, 4, 8, 16, 32, 64, 128, 256].map(Ok).into_iter();
        assert_eq!(outcome, expected.chain([Err(NodeProblemCode::KeepsCrashing)]).collect::<Vec<_>>());
    }

    #[test]
    fn a_node_that_ran_for_long_begins_anew() {
        let outcome =
            run(&[(NodeProblemCode::Crashed, 5), (NodeProblemCode::Crashed, 5), (NodeProblemCode::Crashed, 600)]);
        assert_eq!(outcome, [Ok(1), Ok(2), Ok(1)]);
    }

    #[test]
    fn what_would_be_the_same_again_is_not_tried_again() {
        for code in [
            NodeProblemCode::ProgramNotFound,
            NodeProblemCode::NotAProgram,
            NodeProblemCode::NotTwisterd,
            NodeProblemCode::TooOld,
            NodeProblemCode::PasswordRefused,
        ] {
            assert_eq!(run(&[(code, 0)]), [Err(code)]);
        }
    }

    #[test]
    fn a_taken_port_is_waited_for_a_while() {
        let outcome = run(&[(NodeProblemCode::PortTaken, 0); 14]);
        let waited: u64 = outcome.iter().flatten().sum();
        assert!((1000..3600).contains(&waited), "{waited}");
        assert_eq!(outcome.last(), Some(&Err(NodeProblemCode::PortTaken)));
    }
}
