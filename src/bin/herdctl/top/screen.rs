//! A screen of characters, and what is to be written to make it of another.

use crossterm::cursor::MoveTo;
use crossterm::queue;
use crossterm::style::{Attribute, Color, Print, ResetColor, SetAttribute, SetForegroundColor};
use crossterm::terminal::{Clear, ClearType};
use std::io;

/// Cells that are the same and are written all the same between two that differ: to go there costs as much.
const GAP_MAX: usize = 6;

/// How a character looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Style {
    #[default]
    Plain,
    /// What is above columns.
    Head,
    /// What is wrong.
    Alarm,
    /// What is chosen.
    Chosen,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cell {
    character: char,
    style: Style,
}

/// Rows of cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screen {
    rows: Vec<Vec<Cell>>,
}

const BLANK: Cell = Cell { character: ' ', style: Style::Plain };

impl Screen {
    /// A blank one of that size.
    pub fn new(columns: usize, rows: usize) -> Self {
        Screen { rows: vec![vec![BLANK; columns]; rows] }
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// How many columns there are.
    pub fn columns(&self) -> usize {
        self.rows.first().map_or(0, Vec::len)
    }

    /// Writes a text into a row, from its beginning; what has no room is left out. What is not seen is not
    /// written as it is. A style other than the plain one is that of the whole row.
    pub fn put(&mut self, row: usize, text: &str, style: Style) {
        let Some(cells) = self.rows.get_mut(row) else { return };
        let seen = text.chars().map(|c| if c.is_control() { '?' } else { c });
        for (cell, character) in cells.iter_mut().zip(seen.chain(std::iter::repeat(' '))) {
            *cell = Cell { character, style };
        }
    }

    /// What makes this of what is shown; all of it where that has another size.
    pub fn over(&self, shown: &Screen) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        let is_new = (self.rows(), self.columns()) != (shown.rows(), shown.columns());
        let blank = Screen::new(self.columns(), self.rows());
        let shown = if is_new { &blank } else { shown };
        if is_new {
            queue!(out, Clear(ClearType::All))?;
        }
        let mut style = Style::Plain;
        for (y, (row, before)) in self.rows.iter().zip(&shown.rows).enumerate() {
            for (from, to) in changed(row, before) {
                queue!(out, MoveTo(from as u16, y as u16))?;
                for cell in &row[from..to] {
                    if cell.style != style {
                        style = cell.style;
                        set(&mut out, style)?;
                    }
                    queue!(out, Print(cell.character))?;
                }
            }
        }
        if style != Style::Plain {
            set(&mut out, Style::Plain)?;
        }
        Ok(out)
    }

    /// The rows as text, without blanks at their ends.
    #[cfg(test)]
    pub fn text(&self) -> Vec<String> {
        let row = |row: &Vec<Cell>| row.iter().map(|cell| cell.character).collect::<String>();
        self.rows.iter().map(|cells| row(cells).trim_end().to_owned()).collect()
    }

    /// How the row looks at its beginning.
    #[cfg(test)]
    pub fn style(&self, row: usize) -> Style {
        self.rows[row][0].style
    }
}

/// From where to where cells differ.
fn changed(row: &[Cell], before: &[Cell]) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for at in (0..row.len()).filter(|&at| row[at] != before[at]) {
        match runs.last_mut() {
            Some((_, to)) if at - *to <= GAP_MAX => *to = at + 1,
            _ => runs.push((at, at + 1)),
        }
    }
    runs
}

fn set(out: &mut Vec<u8>, style: Style) -> io::Result<()> {
    queue!(out, SetAttribute(Attribute::Reset), ResetColor)?;
    match style {
        Style::Plain => Ok(()),
        Style::Head => queue!(out, SetAttribute(Attribute::Bold)),
        Style::Alarm => queue!(out, SetAttribute(Attribute::Bold), SetForegroundColor(Color::Red)),
        Style::Chosen => queue!(out, SetAttribute(Attribute::Reverse)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A terminal of which we know what it shows: as much of one as is written for.
    fn shows(screen: &mut Screen, written: &[u8]) {
        let text = str::from_utf8(written).unwrap();
        let (mut x, mut y) = (0, 0);
        let mut style = Style::Plain;
        let mut rest = text.chars();
        while let Some(character) = rest.next() {
            if character != '\x1b' {
                screen.rows[y][x] = Cell { character, style };
                x += 1;
                continue;
            }
            assert_eq!(rest.next(), Some('['));
            let mut arguments = String::new();
            let end = loop {
                match rest.next().unwrap() {
                    c if c.is_ascii_digit() || c == ';' => arguments.push(c),
                    c => break c,
                }
            };
            match (end, &*arguments) {
                ('J', "2") => *screen = Screen::new(screen.columns(), screen.rows()),
                ('H', at) => {
                    let (row, column) = at.split_once(';').unwrap();
                    (y, x) =
                        (row.parse::<usize>().unwrap() - 1, column.parse::<usize>().unwrap() - 1);
                }
                ('m', "0") => style = Style::Plain,
                ('m', "1") => style = Style::Head,
                ('m', "7") => style = Style::Chosen,
                ('m', "38;5;9") => style = Style::Alarm,
                other => panic!("{other:?}"),
            }
        }
    }

    fn screen(rows: &[(String, u8)]) -> Screen {
        let mut screen = Screen::new(20, rows.len());
        let style = |style: u8| {
            [Style::Plain, Style::Head, Style::Alarm, Style::Chosen][usize::from(style % 4)]
        };
        for (at, (text, number)) in rows.iter().enumerate() {
            screen.put(at, text, style(*number));
        }
        screen
    }

    proptest! {
        #[test]
        fn what_is_written_makes_the_one_of_the_other(
            before in proptest::collection::vec(("[ -~▁█]{0,24}", 0_u8..4), 4),
            after in proptest::collection::vec(("[ -~▁█]{0,24}", 0_u8..4), 4),
        ) {
            let (before, after) = (screen(&before), screen(&after));
            let mut terminal = Screen::new(20, 4);
            shows(&mut terminal, &before.over(&Screen::new(0, 0)).unwrap());
            prop_assert_eq!(&terminal, &before);
            shows(&mut terminal, &after.over(&before).unwrap());
            prop_assert_eq!(&terminal, &after);
            prop_assert_eq!(after.over(&after).unwrap(), b"", "what is the same is not written");
        }
    }

    #[test]
    fn little_is_written_for_a_little_change() {
        let before = screen(&[("reports 1,234 a second".to_owned(), 0)]);
        let after = screen(&[("reports 1,299 a second".to_owned(), 0)]);
        let written = after.over(&before).unwrap();
        assert!(written.len() < 12, "{}", String::from_utf8_lossy(&written));
    }

    #[test]
    fn what_has_no_room_or_would_move_the_cursor_is_not_written() {
        let mut small = Screen::new(4, 1);
        small.put(0, "a\x1b[2Jb", Style::Plain);
        small.put(7, "beyond", Style::Plain);
        assert_eq!(small.text(), ["a?[2"]);
    }
}
