/// How many units an experiment needs.
public enum SampleSize {
    /// Units per arm so that a two-sided test at `alpha`, in one look, finds the share `treatment`
    /// beside `control` with probability `power`:
    /// (z₁₋α/₂ + z_power)²·(p₁q₁ + p₂q₂)/(p₂ − p₁)², rounded up. Nil if the shares are the same, or
    /// the number is beyond counting.
    public static func unitsPerArm(
        control: Double, treatment: Double, alpha: Double, power: Double
    ) -> Int? {
        let z = NormalDistribution.upperQuantile(alpha / 2)
        let reach = z + NormalDistribution.upperQuantile(1 - power)
        let variance = control * (1 - control) + treatment * (1 - treatment)
        let gap = treatment - control
        return Int(exactly: (reach * reach * variance / (gap * gap)).rounded(.up))
    }
}
