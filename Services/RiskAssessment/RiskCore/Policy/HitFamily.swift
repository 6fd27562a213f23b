/// The hits of rules that see the same risk.
struct HitFamily {
    /// By falling score.
    var hits: [Hit]
    /// What each hit after the first counts for.
    var restFactor: Double
    /// In 0…1, or beyond for the plain sum.
    var value: Double
}
