//! Who waits for whom: a directed graph without circles, made of what transactions work on (execution §6.3).
//!
//! Rule 1: a transaction waits for the last one before it that works on the same thing.
//! Rule 2: one of which nothing is known is a barrier: it waits for all before it, and all after it wait for it.
//!
//! One that claims to work on nothing is taken for a barrier. The reference lets it run at any time, also before a barrier
//! it follows.

use std::collections::HashMap;
use std::hash::Hash;

/// The graph of a block; transactions are numbered in its order.
#[derive(Debug)]
pub(crate) struct Dag {
    /// The successors of all, next to each other.
    successors: Vec<u32>,
    /// Where in `successors` each one's begin; one more than there are transactions.
    starts: Vec<u32>,
    predecessor_counts: Vec<u32>,
}

impl Dag {
    /// What each transaction works on; `None` makes it a barrier.
    pub(crate) fn new<Thing: Eq + Hash>(criticals: &[Option<Vec<Thing>>]) -> Self {
        let mut edges = Vec::with_capacity(criticals.len());
        let mut last: HashMap<&Thing, u32> = HashMap::with_capacity(criticals.len());
        let mut barrier = None;
        let mut awaited: Vec<u32> = Vec::new();
        for (index, things) in (0u32..).zip(criticals) {
            awaited.clear();
            match things.as_deref() {
                Some(things @ [_, ..]) => {
                    awaited.extend(things.iter().filter_map(|thing| last.get(thing).copied().or(barrier)));
                    last.extend(things.iter().map(|thing| (thing, index)));
                }
                Some([]) | None => {
                    awaited.extend(last.drain().map(|(_, before)| before).chain(barrier));
                    barrier = Some(index);
                }
            }
            awaited.sort_unstable();
            awaited.dedup();
            edges.extend(awaited.iter().map(|before| (*before, index)));
        }
        Self::of_edges(criticals.len(), edges)
    }

    /// A graph of these edges, each from the one that comes first.
    fn of_edges(count: usize, mut edges: Vec<(u32, u32)>) -> Self {
        edges.sort_unstable();
        let mut starts = vec![0; count + 1];
        let mut predecessor_counts = vec![0; count];
        for (before, after) in &edges {
            if let (Some(start), Some(predecessors)) =
                (starts.get_mut(*before as usize + 1), predecessor_counts.get_mut(*after as usize))
            {
                *start += 1;
                *predecessors += 1;
            }
        }
        let mut total = 0;
        for start in &mut starts {
            total += *start;
            *start = total;
        }
        let successors = edges.into_iter().map(|(_, after)| after).collect();
        Self { successors, starts, predecessor_counts }
    }

    /// Those that wait for it, in order.
    pub(crate) fn successors(&self, index: u32) -> &[u32] {
        let start = |index: usize| self.starts.get(index).map(|start| *start as usize);
        let (start, end) = (start(index as usize), start(index as usize + 1));
        let range = start.unwrap_or_default()..end.unwrap_or_default();
        self.successors.get(range).unwrap_or_default()
    }

    /// How many each one waits for.
    pub(crate) fn predecessor_counts(&self) -> impl Iterator<Item = u32> + '_ {
        self.predecessor_counts.iter().copied()
    }

    /// Those that wait for nobody, in order.
    pub(crate) fn ready(&self) -> impl Iterator<Item = u32> + '_ {
        (0u32..).zip(&self.predecessor_counts).filter(|(_, count)| **count == 0).map(|(index, _)| index)
    }

    /// Can two run at the same time? If not, it is a chain: each waits for the one before it.
    pub(crate) fn is_wide(&self) -> bool {
        (1u32..)
            .zip(self.predecessor_counts.iter().skip(1))
            .any(|(index, _)| !self.successors(index - 1).contains(&index))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn edges(dag: &Dag) -> Vec<(u32, u32)> {
        let count = dag.predecessor_counts.len() as u32;
        (0..count).flat_map(|index| dag.successors(index).iter().map(move |after| (index, *after))).collect()
    }

    /// One worker that goes on with the first it made ready and puts the others at the end of the queue (§6.3).
    fn order(dag: &Dag) -> Vec<u32> {
        let mut waits_for: Vec<u32> = dag.predecessor_counts().collect();
        let mut queue: VecDeque<u32> = dag.ready().collect();
        let mut order = Vec::new();
        while let Some(index) = queue.pop_front() {
            let mut next = Some(index);
            while let Some(index) = next.take() {
                order.push(index);
                for successor in dag.successors(index) {
                    waits_for[*successor as usize] -= 1;
                    if waits_for[*successor as usize] == 0 {
                        match next {
                            None => next = Some(*successor),
                            Some(_) => queue.push_back(*successor),
                        }
                    }
                }
            }
        }
        order
    }

    fn pairs(value: &Value) -> Vec<(u32, u32)> {
        let number = |value: &Value| value.as_u64().unwrap() as u32;
        value.as_array().unwrap().iter().map(|pair| (number(&pair[0]), number(&pair[1]))).collect()
    }

    #[test]
    fn published_graphs() {
        let vectors = crate::tests::vectors();
        for example in vectors["parallel_dag"]["examples"].as_array().unwrap() {
            let things = |list: &Value| {
                let list = list.as_array()?;
                Some(list.iter().map(|thing| thing.as_str().unwrap().to_owned()).collect::<Vec<_>>())
            };
            let criticals: Vec<_> = example["criticals"].as_array().unwrap().iter().map(things).collect();
            let dag = Dag::new(&criticals);
            let mut expected = pairs(&example["edges"]);
            let mut expected_order: Vec<_> = example["single_worker_order"]
                .as_array()
                .unwrap()
                .iter()
                .map(|at| at.as_u64().unwrap())
                .collect();
            if criticals.iter().any(|list| list.as_ref().is_some_and(Vec::is_empty)) {
                // The one example in which we differ: what works on nothing is a barrier here.
                expected = vec![(0, 1), (1, 2), (1, 3), (2, 3)];
                expected_order = vec![0, 1, 2, 3];
            }
            assert_eq!(edges(&dag), expected, "{}", example["name"]);
            let order: Vec<_> = order(&dag).into_iter().map(u64::from).collect();
            assert_eq!(order, expected_order, "{}", example["name"]);
        }
    }

    #[test]
    fn the_published_raw_graph_comes_in_levels() {
        let vectors = crate::tests::vectors();
        let raw = &vectors["parallel_dag"]["raw_dag"];
        let dag = Dag::of_edges(raw["vertices"].as_u64().unwrap() as usize, pairs(&raw["edges"]));
        let mut waits_for: Vec<u32> = dag.predecessor_counts().collect();
        let mut level: Vec<u32> = dag.ready().collect();
        for expected in raw["levels"].as_array().unwrap() {
            assert_eq!(serde_json::json!(level), *expected);
            let mut next = Vec::new();
            for successor in level.iter().flat_map(|index| dag.successors(*index)) {
                waits_for[*successor as usize] -= 1;
                if waits_for[*successor as usize] == 0 {
                    next.push(*successor);
                }
            }
            next.sort_unstable();
            level = next;
        }
        assert!(level.is_empty());
    }

    #[test]
    fn a_chain_is_not_wide() {
        let wide = |criticals: &[Option<Vec<&str>>]| Dag::new(criticals).is_wide();
        assert!(!wide(&[]));
        assert!(!wide(&[Some(vec!["a"])]));
        assert!(!wide(&[None, None, Some(vec!["a"]), Some(vec!["a", "b"]), None]));
        assert!(wide(&[None, Some(vec!["a"]), Some(vec!["b"]), None]));
    }

    proptest! {
        /// Whoever works on the same thing, or is or has a barrier between, comes in the order of the block.
        #[test]
        fn conflicts_are_ordered(
            criticals in prop::collection::vec(prop::option::weighted(0.85, prop::collection::vec(0u8..6, 0..4)), 0..24)
        ) {
            let dag = Dag::new(&criticals);
            let count = criticals.len();
            let mut reaches = vec![vec![false; count]; count];
            for before in (0..count).rev() {
                for after in dag.successors(before as u32).iter().map(|after| *after as usize) {
                    prop_assert!(before < after);
                    let beyond = reaches[after].clone();
                    reaches[before].iter_mut().zip(beyond).for_each(|(to, from)| *to |= from);
                    reaches[before][after] = true;
                }
            }
            let things = |index: usize| criticals[index].clone().unwrap_or_default();
            for (before, reached) in reaches.iter().enumerate() {
                for (after, is_reached) in reached.iter().enumerate().skip(before + 1) {
                    let meet = things(before).is_empty() || things(after).is_empty()
                        || things(before).iter().any(|thing| things(after).contains(thing));
                    prop_assert!(!meet || *is_reached, "{before} {after}");
                }
            }
            let mut everyone: Vec<u32> = order(&dag);
            everyone.sort_unstable();
            prop_assert_eq!(everyone, (0..count as u32).collect::<Vec<_>>());
        }
    }
}
