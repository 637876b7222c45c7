//! Treemaps: rectangles whose areas represent sizes and that together fill a larger rectangle.
//!
//! Source: Bruls, Huizing and van Wijk, "Squarified Treemaps" (2000).

/// A rectangle in drawing units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rectangle {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// A rectangle for each size; the sizes are sorted, the largest first, and none is zero.
pub(super) fn squarified(sizes: &[f64], mut room: Rectangle) -> Vec<Rectangle> {
    let mut rectangles = Vec::with_capacity(sizes.len());
    let mut rest = sizes;
    while !rest.is_empty() {
        // Recomputed for each row, so that rounding errors do not add up to a gap at the end.
        let scale = room.width * room.height / rest.iter().sum::<f64>();
        let side = room.width.min(room.height);
        // A row grows as long as the aspect ratio of its worst rectangle does not increase. This is
        // greedy, but good enough: the optimum is NP-hard.
        let mut count = 1;
        while count < rest.len()
            && worst(&rest[..=count], scale, side) <= worst(&rest[..count], scale, side)
        {
            count += 1;
        }
        let (row, others) = rest.split_at(count);
        room = lay(row, scale, room, &mut rectangles);
        rest = others;
    }
    rectangles
}

/// The largest aspect ratio of the rectangles in a row; that of a square is 1.
fn worst(row: &[f64], scale: f64, side: f64) -> f64 {
    let sum: f64 = row.iter().sum::<f64>() * scale;
    let mut worst: f64 = 0.0;
    for size in row {
        let area = size * scale;
        let ratio = side * side * area / (sum * sum);
        worst = worst.max(ratio).max(1.0 / ratio);
    }
    worst
}

/// Places a row along the shorter side, and returns the remaining room.
fn lay(row: &[f64], scale: f64, room: Rectangle, rectangles: &mut Vec<Rectangle>) -> Rectangle {
    let area = row.iter().sum::<f64>() * scale;
    let is_upright = room.width >= room.height;
    let thickness = area / if is_upright { room.height } else { room.width };
    let mut at = if is_upright { room.y } else { room.x };
    for size in row {
        let length = size * scale / thickness;
        rectangles.push(if is_upright {
            Rectangle {
                x: room.x,
                y: at,
                width: thickness,
                height: length,
            }
        } else {
            Rectangle {
                x: at,
                y: room.y,
                width: length,
                height: thickness,
            }
        });
        at += length;
    }
    // Rounding can make the last row a little thicker than the room, and SVG does not allow a
    // negative width.
    if is_upright {
        Rectangle {
            x: room.x + thickness,
            width: (room.width - thickness).max(0.0),
            ..room
        }
    } else {
        Rectangle {
            y: room.y + thickness,
            height: (room.height - thickness).max(0.0),
            ..room
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_are_proportional_to_sizes_and_stay_inside_the_rectangle() {
        let room = Rectangle {
            x: 0.0,
            y: 0.0,
            width: 6.0,
            height: 4.0,
        };
        let sizes = [6.0, 6.0, 4.0, 3.0, 2.0, 2.0, 1.0];
        let rectangles = squarified(&sizes, room);
        for (rectangle, size) in rectangles.iter().zip(sizes) {
            assert!((rectangle.width * rectangle.height - size).abs() < 1e-9);
            assert!(
                rectangle.x + rectangle.width < 6.0 + 1e-9
                    && rectangle.y + rectangle.height < 4.0 + 1e-9
            );
        }
        // The first row of the paper's example: two rectangles of three by two.
        assert_eq!((rectangles[0].width, rectangles[0].height), (3.0, 2.0));
        assert_eq!(squarified(&[], room), []);
    }
}
