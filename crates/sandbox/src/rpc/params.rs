//! The parameters of a call, typed, with the error texts that the node has for other types.

use crate::json::Json;
use crate::rpc::error::RpcError;

/// The parameters of a call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Params<'a>(pub(crate) &'a [Json]);

/// A parameter, or a member of one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Param<'a>(pub(crate) &'a Json);

impl<'a> Params<'a> {
    pub(crate) fn len(self) -> usize {
        self.0.len()
    }

    /// The parameter at `index`; one that is not there is like `null`.
    pub(crate) fn at(self, index: usize) -> Param<'a> {
        Param(self.0.get(index).unwrap_or(&Json::Null))
    }

    /// The parameter at `index`, if the call has so many.
    pub(crate) fn optional(self, index: usize) -> Option<Param<'a>> {
        self.0.get(index).map(Param)
    }
}

impl<'a> Param<'a> {
    pub(crate) fn bytes(self) -> Result<&'a [u8], RpcError> {
        match self.0 {
            Json::Text(text) => Ok(text),
            other => Err(mismatch(other, "str")),
        }
    }

    /// The text, for comparing names. What is not UTF-8 equals no name.
    pub(crate) fn text(self) -> Result<String, RpcError> {
        self.bytes().map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    /// The integer, cut to 32 bits as in the real node.
    pub(crate) fn int(self) -> Result<i64, RpcError> {
        match self.0 {
            Json::Integer(number) => Ok(i64::from(*number as i32)),
            other => Err(mismatch(other, "int")),
        }
    }

    /// The integer as a count; a negative one counts nothing.
    pub(crate) fn count(self) -> Result<usize, RpcError> {
        self.int().map(|number| usize::try_from(number).unwrap_or(0))
    }

    pub(crate) fn bool(self) -> Result<bool, RpcError> {
        match self.0 {
            Json::Bool(value) => Ok(*value),
            other => Err(mismatch(other, "bool")),
        }
    }

    pub(crate) fn array(self) -> Result<&'a [Json], RpcError> {
        match self.0 {
            Json::Array(items) => Ok(items),
            other => Err(mismatch(other, "array")),
        }
    }

    /// The texts of a list.
    pub(crate) fn texts(self) -> Result<Vec<String>, RpcError> {
        self.array()?.iter().map(|item| Param(item).text()).collect()
    }

    pub(crate) fn object(self) -> Result<&'a [(Vec<u8>, Json)], RpcError> {
        match self.0 {
            Json::Object(members) => Ok(members),
            other => Err(mismatch(other, "obj")),
        }
    }
}

/// Which entries of a numbered list are asked for, and whose.
#[derive(Debug)]
pub(crate) struct Selection {
    pub(crate) username: String,
    pub(crate) max: i64,
    pub(crate) since: i64,
}

impl Selection {
    pub(crate) fn all() -> Self {
        Self { username: String::new(), max: i64::from(i32::MAX), since: -1 }
    }

    pub(crate) fn parse(param: Param<'_>) -> Result<Self, RpcError> {
        let mut selection = Self::all();
        for (name, value) in param.object()? {
            let value = Param(value);
            match name.as_slice() {
                b"username" => selection.username = value.text()?,
                b"max_id" => selection.max = value.int()?,
                b"since_id" => selection.since = value.int()?,
                _ => {}
            }
        }
        Ok(selection)
    }

    /// The positions in a list of `len` entries that are asked for: at most the last `count` ones.
    pub(crate) fn positions(&self, count: usize, len: usize) -> std::ops::Range<usize> {
        let signed = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let max = self.max.min(signed(len) - 1);
        let since = self.since.max(max - signed(count));
        let position = |number: i64| usize::try_from(number).unwrap_or(0);
        position(since + 1)..position(max + 1)
    }
}

fn mismatch(value: &Json, expected: &str) -> RpcError {
    RpcError::new(RpcError::MISC, format!("value is type {}, expected {expected}", value.type_name()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_last_positions_of_a_list_are_selected() {
        let positions = |since, max, count| Selection { since, max, ..Selection::all() }.positions(count, 5);
        assert_eq!(positions(-1, 100, 10), 0..5);
        assert_eq!(positions(-1, 100, 2), 3..5);
        assert_eq!(positions(2, 100, 10), 3..5);
        assert_eq!(positions(-1, 2, 2), 1..3);
        assert!(positions(9, 100, 2).is_empty() && positions(-1, -1, 2).is_empty());
    }

    #[test]
    fn a_parameter_of_another_type_is_refused_in_the_node_s_words() {
        let text = Json::text("y");
        assert_eq!(Param(&text).int().unwrap_err().message, "value is type str, expected int");
        assert_eq!(Param(&Json::Null).array().unwrap_err().message, "value is type null, expected array");
        assert_eq!(Param(&Json::Real(1.0)).object().unwrap_err().message, "value is type real, expected obj");
    }
}
