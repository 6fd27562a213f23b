/// The χ² distribution.
public enum ChiSquaredDistribution {
    /// P(X > x) with `degrees` degrees of freedom; exact to the last places however far out.
    public static func upperTail(_ x: Double, degrees: Int) -> Double {
        precondition(degrees > 0, "at least one degree of freedom")
        return IncompleteGamma.tails(Double(degrees) / 2, x / 2).upper
    }
}
