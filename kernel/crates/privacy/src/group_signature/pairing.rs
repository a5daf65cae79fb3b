//! The symmetric pairing of PBC's type A: Tate's, with the distortion (x, y) ↦ (−x, i·y) (execution §9.1).

use super::curve::{Point, ProjectivePoint, Tangent};
use super::extension::Extension;
use super::field::Element;
use super::parameters::Setting;

/// e(left, right); `None` if a step of the computation does not exist, as can happen for points outside the group.
///
/// Miller's loop follows r = 2^exp2 ± 2^exp1 ± 1: double exp2 times, then join with what was there after exp1. The
/// final ±1, all vertical lines and all denominators are in F_q, which the last exponentiation makes 1.
pub fn pair<const L: usize>(setting: &Setting<L>, left: &Point<L>, right: &Point<L>) -> Option<Extension<L>> {
    let field = &setting.field;
    let mut value = Extension::one(field);
    let mut multiple = left.to_projective(field);
    let mut early = (value, multiple);
    for step in 0..setting.exponent_high {
        if step == setting.exponent_low {
            early = (value, multiple);
        }
        let (doubled, tangent) = multiple.double_with_tangent();
        value = value.square().multiply(&tangent_at(&multiple, &doubled, &tangent, right));
        multiple = doubled;
    }

    let (mut early_value, early_multiple) = early;
    let mut early_point = early_multiple.to_point()?;
    if setting.is_low_negative {
        // One over a value is its conjugate, up to the norm, which is in F_q.
        early_value = early_value.conjugate();
        early_point.y = -early_point.y;
    }
    let line = line_at(&multiple.to_point()?, &early_point, right);
    let value = value.multiply(&early_value).multiply(&line);

    // (q² − 1)/r = (q − 1)·h
    let unit = value.conjugate().multiply(&value.invert()?);
    Some(unit.power(field, &setting.cofactor))
}

/// The tangent at a point, where the distortion takes `at`, times 2y·z⁶ of the point.
fn tangent_at<const L: usize>(
    point: &ProjectivePoint<L>,
    doubled: &ProjectivePoint<L>,
    tangent: &Tangent<L>,
    at: &Point<L>,
) -> Extension<L> {
    let Tangent { slope, z_square, y_square } = tangent;
    let re: Element<L> = *slope * (at.x * *z_square + point.x) - y_square.double();
    Extension { re, im: doubled.z * *z_square * at.y }
}

/// The line through two points, where the distortion takes `at`, times the difference of their x.
fn line_at<const L: usize>(one: &Point<L>, other: &Point<L>, at: &Point<L>) -> Extension<L> {
    let (run, rise) = (other.x - one.x, other.y - one.y);
    Extension { re: rise * (at.x + one.x) - one.y * run, im: run * at.y }
}
