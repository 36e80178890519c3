//! Sets of topics: what a filter matches, less what others match.

use crate::mapping::Mapping;
use crate::topic::TopicFilter;

/// The topics that `topics` matches and none of `without`. Never empty as far as can be seen by one filter at a time.
#[derive(Debug, Clone)]
pub(super) struct Region {
    topics: TopicFilter,
    without: Vec<TopicFilter>,
}

impl Region {
    /// All topics that can cross.
    pub(super) fn all() -> Self {
        Self { topics: TopicFilter::all(), without: Vec::new() }
    }

    /// What `filter` matches of it; nothing if that is empty.
    pub(super) fn narrowed(&self, filter: &TopicFilter) -> Option<Self> {
        let topics = self.topics.intersection(filter)?;
        let is_out = self.without.iter().any(|out| out.covers(&topics));
        (!is_out).then(|| Self { topics, without: self.without.clone() })
    }

    /// It less what `except` matches; nothing if that is empty.
    pub(super) fn less(mut self, except: &[TopicFilter]) -> Option<Self> {
        self.without.extend(except.iter().filter(|out| out.overlaps(&self.topics)).cloned());
        self.narrowed(&TopicFilter::all())
    }

    /// What `mapping` makes of it; nothing if it is about none of it.
    pub(super) fn mapped(&self, mapping: &Mapping<'_>) -> Option<Self> {
        let topics = mapping.image_of(&self.topics)?;
        // Where a mapping joins topics, or is known only roughly, what is left out before it may be there after it.
        let without = match mapping.keeps_levels() {
            true => self.without.iter().filter_map(|out| mapping.image_of(out)).collect(),
            false => Vec::new(),
        };
        Some(Self { topics, without })
    }

    /// Whether they share a topic.
    pub(super) fn meets(&self, other: &Self) -> bool {
        self.narrowed(&other.topics).and_then(|both| both.less(&other.without)).is_some()
    }

    /// Whether a rule for `filter` but `except` is about all of it.
    pub(super) fn is_within(&self, filter: &TopicFilter, except: &[TopicFilter]) -> bool {
        filter.covers(&self.topics) && !except.iter().any(|except| self.narrowed(except).is_some())
    }
}
