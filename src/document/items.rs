//! Items that come and go in an array or inline table, laid out as their neighbours are: on lines of their own
//! or not, with a trailing comma or without, comments staying with what they stand beside.

use std::borrow::Cow;

use super::inline::{Collection, Item, Piece, Spot};
use super::layout::{Meeting, meet, spacing};
use super::splice::{Done, Fresh, Splice, Unexpected, common_ends};
use super::{Segment, Value, literal, spelling};

impl<'t> Collection<'t> {
    /// Puts a new item before the item at `index`, or last. `keys` is empty in an array.
    pub(super) fn insert(&mut self, index: usize, keys: &[&str], text: Cow<'t, str>) {
        let lead = self.lead_for(index);
        let name = if self.is_table {
            self.name_for(keys)
        } else {
            String::new()
        };
        let last = index == self.items.len();
        let comma = match self.items.last_mut() {
            Some(previous) if last => std::mem::replace(&mut previous.comma, true),
            Some(_) => true,
            None => lead.contains('\n') && !self.is_table,
        };
        if self.items.is_empty() && self.tail.contains('\n') {
            let from = line_break(&self.tail);
            self.tail = Cow::Owned(self.tail[from..].to_owned());
        } else if self.items.is_empty() && self.is_table {
            self.tail = Cow::Borrowed(" ");
        }
        let item = Item {
            lead: Cow::Owned(lead),
            keys: keys.iter().map(|key| Cow::Owned((*key).to_owned())).collect(),
            name: Cow::Owned(name),
            value: Piece::Raw(text),
            gap: Cow::Borrowed(""),
            comma,
            trail: Cow::Borrowed(""),
        };
        self.items.insert(index, item);
        if index == 0
            && self
                .items
                .get(1)
                .is_some_and(|pushed_back| !pushed_back.lead.contains('\n'))
        {
            let between = self.items.get(2).map_or(Cow::Borrowed(" "), |item| item.lead.clone());
            self.items[1].lead = if between.contains('\n') {
                Cow::Borrowed(" ")
            } else {
                between
            };
        }
    }

    /// Takes out an item with its comma and the comment behind it; comments on lines of their own stay.
    pub(super) fn remove(&mut self, index: usize) {
        let removed = self.items.remove(index);
        if let Some(next) = self.items.get_mut(index) {
            next.lead = closed_up(&removed.lead, &next.lead, index == 0);
            return;
        }
        let comments = own_lines(&removed.lead);
        if !comments.is_empty() {
            self.tail = Cow::Owned(format!("{comments}{}", self.tail));
        }
        if let Some(last) = self.items.last_mut() {
            last.comma = removed.comma;
            if last.gap.trim().is_empty() {
                last.gap = Cow::Borrowed("");
            }
        } else if self.tail.trim().is_empty() {
            self.tail = Cow::Borrowed("");
        }
    }

    pub(super) fn realign(&mut self, old: &[Value], new: &[Value]) -> Done {
        let (prefix, suffix) = common_ends(old, new);
        let (old_end, new_end) = (old.len() - suffix, new.len() - suffix);
        let pairs = prefix..old_end.min(new_end);
        for index in pairs.clone() {
            self.items[index].value.set_at(&[], Some(&old[index]), &new[index])?;
        }
        for index in (pairs.end..old_end).rev() {
            self.remove(index);
        }
        for (index, value) in new.iter().enumerate().take(new_end).skip(pairs.end) {
            let text = self.spell(index, value);
            self.insert(index, &[], Cow::Owned(text));
        }
        Ok(())
    }

    /// A new key: beside dotted keys that share its beginning as one more of them, else with tables inline.
    pub(super) fn insert_key(&mut self, path: &[Segment], names: &[&str], fresh: &Fresh<'_, '_>) -> Done {
        let shared = (1..path.len())
            .rev()
            .find(|depth| matches!(self.find(&path[..*depth]), Spot::Table));
        if let Some(depth) = shared {
            let beside = |item: &super::inline::Item<'_>| matches!(meet(&item.keys, &path[..depth]), Meeting::Below);
            let last = self
                .items
                .iter()
                .rposition(beside)
                .map_or(self.items.len(), |last| last + 1);
            self.insert(last, names, Cow::Owned(fresh.inline()));
            return Ok(());
        }
        let Some((first, inner)) = names.split_first() else {
            return Err(Unexpected("a new key has no name"));
        };
        let wrapped = inner.iter().rev().fold(fresh.inline(), |text, name| {
            format!("{{ {} = {text} }}", literal::key(name))
        });
        self.insert(self.items.len(), &[first], Cow::Owned(wrapped));
        Ok(())
    }

    /// Takes out every dotted key below a path; tells where the first one stood.
    pub(super) fn remove_dotted(&mut self, path: &[Segment]) -> usize {
        let mut first = self.items.len();
        for index in (0..self.items.len()).rev() {
            if matches!(meet(&self.items[index].keys, path), Meeting::Below) {
                self.remove(index);
                first = index;
            }
        }
        first
    }

    /// The spelling for a new item: as its neighbours are spelled, where they are of its kind.
    pub(super) fn spell(&self, index: usize, value: &Value) -> String {
        let neighbour = self.items.get(index.saturating_sub(1)).or(self.items.first());
        match neighbour {
            Some(item) if !self.is_table => spelling::like(&item.value.text(), value),
            Some(_) | None => literal::inline(value),
        }
    }

    fn lead_for(&self, index: usize) -> String {
        let break_of = |item: &Item<'_>| {
            item.lead
                .contains('\n')
                .then(|| item.lead[line_break(&item.lead)..].to_owned())
        };
        let Some(neighbour) = self.items.get(index).or(self.items.last()) else {
            return self.first_lead();
        };
        if let Some(broken) = break_of(neighbour) {
            return broken;
        }
        // What stands behind a comment needs a line of its own.
        if index > 0 && self.items[index - 1].trail.contains('#') {
            let own_line = self.items.iter().find_map(break_of);
            return own_line.unwrap_or_else(|| format!("{}  ", &self.tail[line_break(&self.tail)..]));
        }
        if index > 0 && self.items.len() == 1 {
            return " ".to_owned();
        }
        neighbour.lead.clone().into_owned()
    }

    fn first_lead(&self) -> String {
        if !self.tail.contains('\n') {
            return if self.is_table {
                " ".to_owned()
            } else {
                self.tail.clone().into_owned()
            };
        }
        let closing = line_break(&self.tail);
        let (above, last_line) = self.tail.split_at(closing);
        let line_end = if last_line.starts_with('\r') { "\r\n" } else { "\n" };
        let commented = above.lines().skip(1).find(|line| line.trim().starts_with('#'));
        let indent = match commented {
            Some(line) => line[..line.len() - line.trim_start().len()].to_owned(),
            None => format!("{}  ", last_line.trim_start_matches(['\r', '\n'])),
        };
        format!("{above}{line_end}{indent}")
    }

    fn name_for(&self, keys: &[&str]) -> String {
        let (_, before, after) = self.items.last().map_or(("", " ", " "), |item| spacing(&item.name));
        let keys: Vec<String> = keys.iter().map(|key| literal::key(key)).collect();
        format!("{}{before}={after}", keys.join("."))
    }
}

/// Where the last line break of a lead or tail begins; its end if there is none.
fn line_break(trivia: &str) -> usize {
    match trivia.rfind('\n') {
        Some(at) if trivia[..at].ends_with('\r') => at - 1,
        Some(at) => at,
        None => trivia.len(),
    }
}

/// The comments of a lead, without the line break that leads to the item.
fn own_lines(lead: &str) -> &str {
    if lead.contains('#') {
        &lead[..line_break(lead)]
    } else {
        ""
    }
}

/// What stands before an item after the one before it went away.
fn closed_up<'t>(removed: &Cow<'t, str>, next: &Cow<'t, str>, first: bool) -> Cow<'t, str> {
    let comments = own_lines(removed);
    if !comments.is_empty() && next.contains('\n') {
        Cow::Owned(format!("{comments}{next}"))
    } else if !comments.is_empty() {
        removed.clone()
    } else if next.contains('#') || (next.contains('\n') && !first) {
        next.clone()
    } else {
        removed.clone()
    }
}
