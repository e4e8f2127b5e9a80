//! What was lost: how it is noticed, asked for and told again.

use super::{EPOCH, End, feed, published};
use crate::limits;
use std::time::Duration;

#[test]
fn a_gap_is_asked_for_once_in_a_while_until_it_is_filled() {
    let mut end = End::up();
    let digest = |end: &mut End, up_to| {
        let told = format!("DIGEST east Ball {EPOCH} {up_to} 00000000000000aa 0 0 604800\n");
        end.delivers("herd.digest", &told)
    };
    // In the beginning everything is asked for, once.
    let sent = digest(&mut end, 0) + &end.pass(Duration::from_secs(1));
    assert_eq!(published(&sent, "herd.again.Ball"), [format!("ALL east Ball {EPOCH}\n")]);
    end.delivers("herd.feed", &feed("0 1", "AT Ball +0.500000000 kiwi +1-1 5\n"));
    let late = feed("1 2", "AT Ball +0.500000000 late +1-1 5\n");
    // What comes in another order is not asked for.
    end.delivers("herd.feed", &feed("2 3", "AT Ball +0.500000000 fig +1-1 5\n"));
    end.delivers("herd.feed", &late);
    assert_eq!(published(&end.pass(Duration::from_secs(1)), "herd.again"), Vec::<String>::new());
    // What was lost is.
    digest(&mut end, 7);
    let asked = published(&end.pass(2 * limits::GATEWAY_GAP_PATIENCE), "herd.again.Ball");
    assert_eq!(asked, [format!("AGAIN east Ball {EPOCH} 3 7\n")]);
    // The bus lives, and nobody answers.
    let mut asked = 0;
    for second in 1..=600 {
        let said = match second % 5 {
            0 => digest(&mut end, 7),
            _ => end.says("PING\r\n"),
        };
        asked += published(&(said + &end.pass(Duration::from_secs(1))), "herd.again").len();
        assert!(second != 60 || (3..=6).contains(&asked), "{asked} questions in a minute");
    }
    assert!((11..=15).contains(&asked), "{asked} questions in ten minutes");
    // Who is gone is asked for nothing.
    let mut asked = 0;
    for second in 0..120 {
        end.says("PING\r\n");
        let sent = end.pass(Duration::from_secs(1));
        let is_gone = second > limits::GATEWAY_UNHEARD_MAX.as_secs();
        asked += usize::from(is_gone) * published(&sent, "herd.again").len();
    }
    assert_eq!(asked, 0);
    end.delivers("herd.feed", &feed("3 7", ""));
    for _ in 0..60 {
        end.says("PING\r\n");
        let sent = end.pass(Duration::from_secs(1));
        assert_eq!(published(&sent, "herd.again"), Vec::<String>::new());
    }
}

#[test]
fn who_joins_late_asks_for_nothing_that_it_knows() {
    let mut end = End::up();
    end.delivers("herd.feed", &feed("900 901", "AT Ball +0.500000000 kiwi +1-1 5\n"));
    let digest = end.node.positions.digest();
    let told = format!("DIGEST east Ball {EPOCH} 901 {digest:016x} 0 0 604800\n");
    end.delivers("herd.digest", &told);
    let sent = end.pass(Duration::from_secs(5));
    assert_eq!(published(&sent, "herd.again"), Vec::<String>::new());
}

#[test]
fn what_is_asked_for_is_told_again_to_all_and_not_more_often_than_it_can_be() {
    let mut end = End::up();
    for client in ["a", "b", "c", "d"] {
        end.report(client, 5);
        end.turn();
        end.says("PONG\r\n");
    }
    let ask = format!("AGAIN goloman Welsh {EPOCH} 1 3\n");
    for _ in 0..100 {
        end.delivers("herd.again.Welsh", &ask);
    }
    let again = published(&end.pass(Duration::from_millis(100)), "herd.feed");
    assert_eq!(again.len(), 1, "a hundred ask at once");
    assert!(again[0].starts_with(&format!("FEED goloman Welsh {EPOCH} 1 3\nAT ")), "{again:?}");
    assert!(again[0].contains(" b ") && again[0].contains(" c ") && !again[0].contains(" d "));
    let mut told = 0;
    for _ in 0..50 {
        end.delivers("herd.again.Welsh", &ask);
        told += published(&end.pass(Duration::from_millis(20)), "herd.feed").len();
    }
    assert!((1..=6).contains(&told), "{told} times in a second");
    // What changed meanwhile is told by the feed itself; that nothing is left is said.
    for client in ["b", "c"] {
        end.report(client, 6);
    }
    end.turn();
    end.pass(Duration::from_secs(1));
    end.delivers("herd.again.Welsh", &ask);
    let again = published(&end.pass(Duration::from_secs(1)), "herd.feed");
    assert_eq!(again, [format!("FEED goloman Welsh {EPOCH} 1 3\n")]);
    // Who asks another life of ours, or for what we have not told, is not answered.
    for ask in [
        "AGAIN goloman Welsh 00000000000000ff 0 3\n",
        &format!("AGAIN goloman Welsh {EPOCH} 50 60\n"),
    ] {
        end.delivers("herd.again.Welsh", ask);
        assert_eq!(published(&end.pass(Duration::from_secs(1)), "herd.feed"), Vec::<String>::new());
    }
}

#[test]
fn everything_is_told_to_who_asks_for_all() {
    let mut end = End::up();
    end.report("kiwi", 5);
    end.turn();
    end.delivers("herd.feed", &feed("0 1", "AT Ball +0.500000000 fig +1-1 5\n"));
    end.turn();
    end.delivers("herd.again.Welsh", &format!("ALL goloman Welsh {EPOCH}\n"));
    let told = published(&end.pass(Duration::from_secs(1)), "herd.feed").concat();
    assert!(told.contains("AT Welsh ") && told.contains("AT Ball +0.500000000 fig "), "{told}");
    let head = format!("FEED goloman Welsh {EPOCH} 0 1\n");
    assert!(told.starts_with(&head), "it says no more of its own feed than that has told: {told}");
}

#[test]
fn herds_that_differ_at_rest_tell_each_other_everything_after_a_while_and_not_again_soon() {
    let mut end = End::up();
    let mut asked = 0;
    for _ in 0..24 {
        let mut sent = String::new();
        for server in ["Ball", "Bell", "Bill"] {
            let told = format!("DIGEST east {server} {EPOCH} 0 00000000000000aa 0 0 604800\n");
            sent += &end.delivers("herd.digest", &told);
        }
        sent += &end.pass(limits::GATEWAY_DIGEST_INTERVAL);
        asked += published(&sent, "herd.again.").len();
    }
    assert_eq!(asked, 2, "of all in two minutes");
}

#[test]
fn digests_are_told_sooner_in_the_beginning() {
    let mut end = End::up();
    let told: Vec<usize> = (0..20)
        .map(|_| {
            end.says("PING\r\n");
            published(&end.pass(Duration::from_secs(1)), "herd.digest").len()
        })
        .collect();
    let soon = limits::GATEWAY_DIGESTS_SOON as usize;
    assert_eq!(told[..soon], vec![1; soon], "besides the first");
    assert_eq!(told[soon..].iter().sum::<usize>(), (20 - soon) / 5);
}

#[test]
fn what_was_missed_long_ago_is_looked_for_in_shares() {
    let mut end = End::up();
    let count = 5 * limits::GATEWAY_SEEK_RECORDS_PER_TURN;
    (0..count).for_each(|number| end.report(&format!("c{number}"), 5));
    let told = published(&end.turn(), "herd.feed");
    let longest = told.iter().map(String::len).max().unwrap();
    let most = limits::GATEWAY_BATCH_BYTES_MAX;
    assert!((most - 1_000..=most).contains(&longest), "the longest message has {longest} bytes");
    end.pass(Duration::from_secs(1));
    let (from, to) = (count / 2, count / 2 + 2);
    end.delivers("herd.again.Welsh", &format!("AGAIN goloman Welsh {EPOCH} {from} {to}\n"));
    assert_eq!(published(&end.pass(Duration::from_millis(1)), "herd.feed"), Vec::<String>::new());
    let again = published(&end.pass(Duration::from_secs(1)), "herd.feed");
    let lines = format!(
        "AT Welsh +0.000000000 c{from} +1-1 5\nAT Welsh +0.000000000 c{} +1-1 5\n",
        from + 1
    );
    assert_eq!(again, [format!("FEED goloman Welsh {EPOCH} {from} {to}\n{lines}")]);
}
