//! Filters as SQL: the second back end beside [`Tree::eval`], and judged by it.
//!
//! - Negation is pushed down to the comparisons, and each of these is written as what must hold for it to be true, or to be
//!   false. Unknown is neither. So SQL's own third value never meets a NOT, and a null counts as "does not hold".
//! - Chains are written as balanced trees: databases bound how deep an expression may be.

use engine::context::filter::{Comparison, Operator, Pattern, Test, Tree};
use engine::context::{Field, Filter, Item, Of, Sort, Value, order};
use wire::context::TextField;

use super::cut;
use super::entry_index::{EntryIndex, Lacking};
use super::sql::{Bound, Dialect, Statement};

/// Where the fields of a list are.
pub(crate) trait Columns {
    /// What a field compares by, null where there is no record: the key of a text, microseconds, `custom` itself; the
    /// key of an entry of `custom`, null where it is unset.
    fn push_plain(&self, sql: &mut Statement, field: &Field);
    /// What a field reads, null where it is unset.
    fn push_text(&self, sql: &mut Statement, field: &Field);
    /// Whether the key of a text is made for each row, so that it costs less to compare the text where that does.
    fn makes_key(&self, field: &Field) -> bool;
}

/// Writes that a filter is true, apart from a comparison that holds already.
pub(crate) fn push(sql: &mut Statement, filter: &Filter, but: Option<&Comparison>, columns: &impl Columns) {
    Emitter { columns, but }.tree(sql, filter.tree(), true);
}

/// Whether a filter has such a field.
pub(crate) fn any_field(filter: &Filter, mut is: impl FnMut(&Field) -> bool) -> bool {
    fn any(tree: &Tree, is: &mut impl FnMut(&Field) -> bool) -> bool {
        match tree {
            Tree::Compare(comparison) => is(&comparison.field),
            Tree::Not(tree) => any(tree, is),
            Tree::All(trees) | Tree::Any(trees) => trees.iter().any(|tree| any(tree, is)),
        }
    }
    any(filter.tree(), &mut is)
}

/// What every record of a list has to fulfil, and for which there may be an index that SQL names: any in SQLite, those of entries in
/// PostgreSQL, which chooses the others itself.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Narrow {
    pub(crate) comparison: Comparison,
    pub(crate) by: By,
}

/// By which index.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum By {
    /// An entry of `custom` has a value; by an index that is known when one is.
    Entry { name: String, key: Vec<u8>, index: Option<EntryIndex> },
    /// The status is this.
    Status { key: Vec<u8> },
    /// The key of the name is one of these. Every name that fits has one, and some that do not.
    Name { from: Vec<u8>, below: Vec<u8> },
}

impl Narrow {
    /// All of a filter. Each is enough to find every record that the filter asks for.
    pub(crate) fn all(filter: &Filter) -> Vec<Self> {
        match filter.tree() {
            Tree::All(trees) => trees.iter().filter_map(Self::of).collect(),
            tree => Self::of(tree).into_iter().collect(),
        }
    }

    fn of(tree: &Tree) -> Option<Self> {
        let Tree::Compare(comparison) = tree else { return None };
        let by = match (&comparison.field, &comparison.test) {
            (Field { of: Of::Own, item: Item::Custom(name) }, test) => {
                By::Entry { name: name.to_string(), key: equal_entry(test)?, index: None }
            }
            (Field { of: Of::Own, item: Item::Text(TextField::Status) }, Test::Text(Operator::Equal, text)) => {
                By::Status { key: order::text_key(text) }
            }
            (Field { of: Of::Own, item: Item::Text(TextField::Name) }, Test::Text(Operator::Equal, text)) => {
                let from = order::text_key(text);
                By::Name { below: [&from[..], &[0]].concat(), from }
            }
            (Field { of: Of::Own, item: Item::Text(TextField::Name) }, Test::Like(pattern)) => {
                let (from, below) = prefix(0, &order::text_key(pattern.prefix()))?;
                By::Name { from, below }
            }
            _ => return None,
        };
        Some(Self { comparison: comparison.clone(), by })
    }

    /// Takes the index of its entry that suits an order best, of those that are there. Answers the one that would suit it better.
    pub(crate) fn choose_index(&mut self, there: &[EntryIndex], sort: &Sort) -> Option<Lacking> {
        let By::Entry { name, index, .. } = &mut self.by else { return None };
        let by_name = is_by_name(sort);
        *index = there.iter().copied().max_by_key(|index| index.by_name == by_name);
        let is_indexed_order = by_name || sort.keys.is_empty();
        let lacks = index.is_none_or(|index| is_indexed_order && index.by_name != by_name);
        lacks.then(|| Lacking { entry: name.clone(), by_name })
    }

    /// Whether its index has the order of the list: then no sorting is needed, however many there are.
    pub(crate) fn follows(&self, sort: &Sort) -> bool {
        match self.by {
            By::Entry { index: Some(EntryIndex { by_name: true, .. }), .. } | By::Name { .. } => is_by_name(sort),
            By::Entry { index: Some(EntryIndex { by_name: false, .. }), .. } | By::Status { .. } => {
                sort.keys.is_empty()
            }
            By::Entry { index: None, .. } => false,
        }
    }

    /// Whether the index alone tells who fulfils it.
    pub(crate) fn is_exact(&self) -> bool {
        match &self.by {
            // Of a longer one PostgreSQL's index has the beginning.
            By::Entry { key, .. } => key.len() < cut::VALUE,
            By::Status { .. } => true,
            By::Name { .. } => false,
        }
    }

    /// Whether the filter asks for nothing else than what the index tells.
    pub(crate) fn is_all_of(&self, filter: &Filter) -> bool {
        self.is_exact() && matches!(filter.tree(), Tree::Compare(comparison) if *comparison == self.comparison)
    }
}

/// Whether an order is that of names, and of nothing before or behind them but ids.
pub(crate) fn is_by_name(sort: &Sort) -> bool {
    matches!(&sort.keys[..], [key] if key.field.item == Item::Text(TextField::Name))
}

/// Between which keys every text is that begins with a prefix, given the key of the prefix, its type in so many bytes
/// first. None when the prefix has no letter.
fn prefix(type_bytes: usize, key: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    // The first part of a key is the letters in lower case, up to a zero.
    let letters: Vec<u8> = key.iter().copied().take_while(|byte| *byte != 0).collect();
    let below = [&letters[..], &[0xff]].concat();
    (letters.len() > type_bytes).then_some((letters, below))
}

/// The key of the one value of an entry for which a test holds.
fn equal_entry(test: &Test) -> Option<Vec<u8>> {
    match test {
        Test::Text(Operator::Equal, text) => Value::Text(text.into()).custom_key(),
        Test::Number(Operator::Equal, number) => Value::Number(*number).custom_key(),
        Test::Bool { equal, value } => Value::Bool(value == equal).custom_key(),
        Test::Unset | Test::Set | Test::Text(..) | Test::Number(..) | Test::Like(_) | Test::Moment(..) => None,
    }
}

struct Emitter<'f, C> {
    columns: &'f C,
    but: Option<&'f Comparison>,
}

impl<C: Columns> Emitter<'_, C> {
    /// Writes that the tree has this truth.
    fn tree(&self, sql: &mut Statement, tree: &Tree, truth: bool) {
        match tree {
            Tree::Compare(comparison) if truth && self.but == Some(comparison) => _ = sql.push("1 = 1"),
            Tree::Compare(comparison) => self.comparison(sql, comparison, truth),
            Tree::Not(tree) => self.tree(sql, tree, !truth),
            Tree::All(trees) => self.chain(sql, trees, truth, if truth { " AND " } else { " OR " }),
            Tree::Any(trees) => self.chain(sql, trees, truth, if truth { " OR " } else { " AND " }),
        }
    }

    fn chain(&self, sql: &mut Statement, trees: &[Tree], truth: bool, word: &str) {
        if let [tree] = trees {
            return self.tree(sql, tree, truth);
        }
        let (left, right) = trees.split_at(trees.len() / 2);
        sql.push("(");
        self.chain(sql, left, truth, word);
        sql.push(word);
        self.chain(sql, right, truth, word);
        sql.push(")");
    }

    fn comparison(&self, sql: &mut Statement, Comparison { field, test }: &Comparison, truth: bool) {
        let plain = |sql: &mut Statement| self.columns.push_plain(sql, field);
        match test {
            Test::Unset | Test::Set => {
                let unset = (*test == Test::Unset) == truth;
                if field.item == Item::Id {
                    sql.push(if unset { "1 = 0" } else { "1 = 1" });
                } else {
                    match field.item {
                        Item::Custom(_) => plain(sql),
                        Item::Id | Item::Text(_) | Item::Updated | Item::WholeCustom => {
                            self.columns.push_text(sql, field);
                        }
                    }
                    sql.push(if unset { " IS NULL" } else { " IS NOT NULL" });
                }
            }
            Test::Text(operator, text) => {
                let operator = if truth { *operator } else { negated(*operator) };
                match field.item {
                    Item::Custom(_) => entry(sql, plain, operator, Value::Text(text.into()).custom_key()),
                    _ if matches!(operator, Operator::Equal | Operator::NotEqual) && self.columns.makes_key(field) => {
                        self.columns.push_text(sql, field);
                        sql.push(word(operator)).bind(Bound::Text(text.clone()));
                    }
                    Item::Id | Item::Text(_) | Item::Updated | Item::WholeCustom => {
                        let key = order::text_key(text);
                        // Unset texts have a key as well, behind all others.
                        let below = operator.holds(std::cmp::Ordering::Greater).then_some(super::sql::UNSET.to_vec());
                        within(sql, plain, operator, key, None, below);
                    }
                }
            }
            Test::Number(operator, number) => {
                let operator = if truth { *operator } else { negated(*operator) };
                entry(sql, plain, operator, Value::Number(*number).custom_key());
            }
            Test::Bool { equal, value } => {
                let wanted = (value == equal) == truth;
                entry(sql, plain, Operator::Equal, Value::Bool(wanted).custom_key());
            }
            Test::Moment(operator, moment) => {
                let operator = if truth { *operator } else { negated(*operator) };
                plain(sql);
                sql.push(word(operator)).bind(Bound::Integer(moment.micros()));
            }
            Test::Like(pattern) => self.like(sql, field, pattern, truth),
        }
    }

    fn like(&self, sql: &mut Statement, field: &Field, pattern: &Pattern, truth: bool) {
        sql.push("(");
        if truth {
            self.prefix(sql, field, pattern.prefix());
        } else {
            sql.push("NOT ");
        }
        match sql.dialect {
            // The pieces with the one character between them that none of them holds.
            Dialect::Sqlite => {
                sql.push("matches(");
                self.columns.push_text(sql, field);
                sql.push(", ").bind(Bound::Text(pattern.pieces().join("\0"))).push(")");
            }
            Dialect::Postgres => {
                let escaped = |piece: &String| piece.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
                let pattern = pattern.pieces().iter().map(escaped).collect::<Vec<_>>().join("%");
                self.columns.push_text(sql, field);
                sql.push(" LIKE ").bind(Bound::Text(pattern));
            }
        }
        sql.push(")");
    }

    /// A bound on the key, which follows from what the text begins with, and which an index may serve.
    fn prefix(&self, sql: &mut Statement, field: &Field, prefix: &str) {
        let range = match field.item {
            Item::Custom(_) => self::prefix(1, &Value::Text(prefix.into()).custom_key().unwrap_or_default()),
            Item::Id | Item::Text(_) | Item::Updated | Item::WholeCustom => self::prefix(0, &order::text_key(prefix)),
        };
        let Some((from, below)) = range else { return };
        self.columns.push_plain(sql, field);
        sql.push(" >= ").bind(Bound::Bytes(from)).push(" AND ");
        self.columns.push_plain(sql, field);
        sql.push(" < ").bind(Bound::Bytes(below)).push(" AND ");
    }
}

/// Compares an entry of `custom`, and leaves out those of another type, whose keys begin with another byte.
fn entry(sql: &mut Statement, plain: impl Fn(&mut Statement), operator: Operator, key: Option<Vec<u8>>) {
    let Some(key) = key else {
        sql.push("1 = 0");
        return;
    };
    let type_ = key.first().copied().unwrap_or_default();
    let from = operator.holds(std::cmp::Ordering::Less).then(|| vec![type_]);
    let below = operator.holds(std::cmp::Ordering::Greater).then(|| vec![type_ + 1]);
    within(sql, plain, operator, key, from, below);
}

/// Compares a key, and asks that it is not less than `from` and less than `below`.
fn within(
    sql: &mut Statement,
    plain: impl Fn(&mut Statement),
    operator: Operator,
    key: Vec<u8>,
    from: Option<Vec<u8>>,
    below: Option<Vec<u8>>,
) {
    sql.push("(");
    plain(sql);
    sql.push(word(operator)).bind(Bound::Bytes(key));
    for (word, bound) in [(" >= ", from), (" < ", below)] {
        if let Some(bound) = bound {
            sql.push(" AND ");
            plain(sql);
            sql.push(word).bind(Bound::Bytes(bound));
        }
    }
    sql.push(")");
}

const fn word(operator: Operator) -> &'static str {
    match operator {
        Operator::Equal => " = ",
        Operator::NotEqual => " <> ",
        Operator::Less => " < ",
        Operator::LessOrEqual => " <= ",
        Operator::Greater => " > ",
        Operator::GreaterOrEqual => " >= ",
    }
}

/// What holds of two values that are there when the operator does not.
const fn negated(operator: Operator) -> Operator {
    match operator {
        Operator::Equal => Operator::NotEqual,
        Operator::NotEqual => Operator::Equal,
        Operator::Less => Operator::GreaterOrEqual,
        Operator::LessOrEqual => Operator::Greater,
        Operator::Greater => Operator::LessOrEqual,
        Operator::GreaterOrEqual => Operator::Less,
    }
}
