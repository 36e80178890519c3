//! What the window does when the app starts and when the person closes it. Nobody may be locked out: a window hides only where
//! an icon brings it back.

/// What the window does when the app starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opening {
    /// It shows.
    Shown,
    /// It stays hidden if a tray shows the icon soon; else it shows as a button of the taskbar.
    AwaitTray,
}

/// What the window does when the person closes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Closing {
    /// It hides, and the app goes on.
    Hide,
    /// The app ends.
    End,
}

impl Opening {
    pub(super) fn of(hidden: bool) -> Self {
        if hidden { Self::AwaitTray } else { Self::Shown }
    }
}

impl Closing {
    pub(super) fn of(close_to_tray: bool, has_tray: bool) -> Self {
        if close_to_tray && has_tray { Self::Hide } else { Self::End }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_hides_on_closing_only_where_an_icon_brings_it_back() {
        assert_eq!(Closing::of(true, true), Closing::Hide);
        assert_eq!(Closing::of(true, false), Closing::End);
        assert_eq!(Closing::of(false, true), Closing::End);
    }

    #[test]
    fn a_hidden_start_waits_for_the_tray() {
        assert_eq!(Opening::of(false), Opening::Shown);
        assert_eq!(Opening::of(true), Opening::AwaitTray);
    }
}
