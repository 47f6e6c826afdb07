//! Sorting, once for all types. std compiles its sort anew for every type, some 4 KB of WASM each; lists here are short, and
//! positions are as well sorted as the items themselves.

use std::cmp::Ordering;

/// Sorts by `compare`; what it calls equal stays in its order.
pub fn sort<T>(items: &mut Vec<T>, mut compare: impl FnMut(&T, &T) -> Ordering) {
    let order = positions(items.len(), &mut |a, b| compare(&items[a], &items[b]));
    let mut taken: Vec<Option<T>> = items.drain(..).map(Some).collect();
    items.extend(order.into_iter().filter_map(|position| taken.get_mut(position)?.take()));
}

/// The positions of `count` items, in order: a merge sort from below.
fn positions(count: usize, compare: &mut dyn FnMut(usize, usize) -> Ordering) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    let mut merged = Vec::with_capacity(count);
    let mut run = 1;
    while run < count {
        for pair in order.chunks(2 * run) {
            let (mut left, mut right) = pair.split_at(run.min(pair.len()));
            while let ([first, others @ ..], [second, rest @ ..]) = (left, right) {
                if compare(*second, *first) == Ordering::Less {
                    merged.push(*second);
                    right = rest;
                } else {
                    merged.push(*first);
                    left = others;
                }
            }
            merged.extend_from_slice(left);
            merged.extend_from_slice(right);
        }
        std::mem::swap(&mut order, &mut merged);
        merged.clear();
        run *= 2;
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_sorts_as_std_does() {
        let mut state = 1_u32;
        for length in 0..200 {
            let mut items: Vec<(u32, usize)> = Vec::new();
            for place in 0..length {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                items.push((state >> 27, place));
            }
            let mut want = items.clone();
            want.sort_by_key(|(value, _)| *value);
            sort(&mut items, |a, b| a.0.cmp(&b.0));
            assert_eq!(items, want);
        }
    }
}
