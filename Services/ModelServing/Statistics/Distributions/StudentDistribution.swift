/// Student's t distribution.
public enum StudentDistribution {
    /// P(|T| > |t|) with `degrees` > 0 degrees of freedom, which need not be whole.
    public static func twoSidedTail(_ t: Double, degrees: Double) -> Double {
        if t.isInfinite { return 0 }
        let square = t * t
        let sum = degrees + square
        return IncompleteBeta.value(degrees / 2, 0.5, x: degrees / sum, y: square / sum)
    }

    /// The t >= 0 with P(|T| > t) = p, for 0 < p < 1: 2.2281 for 0.05 and 10 degrees.
    ///
    /// The tail falls steadily, so its root is bracketed by doubling and then bisected to the last
    /// place.
    public static func twoSidedQuantile(_ p: Double, degrees: Double) -> Double {
        precondition(p > 0 && p < 1 && degrees > 0, "a probability between 0 and 1")
        var low = 0.0
        var high = 1.0
        while twoSidedTail(high, degrees: degrees) > p && high < 0x1p500 {
            low = high
            high *= 2
        }
        while true {
            let middle = low + (high - low) / 2
            if middle <= low || middle >= high { return middle }
            if twoSidedTail(middle, degrees: degrees) > p { low = middle } else { high = middle }
        }
    }
}
