/// How long something is remembered: at least `span` milliseconds and less than a hop more, by the
/// state's clock. Nil is for ever.
///
/// What is dropped depends on the time alone, never on when a state was last looked at.
struct Retention: Hashable, Sendable {
    let span: Int64?
    /// That of the tier for such a window.
    let hop: Int64

    init(_ span: Int64?) {
        precondition(span.map { $0 > 0 } ?? true)
        self.span = span
        let tier = span.flatMap { span in Tier.standard.first { $0.span >= span } }
        hop = (tier ?? .year).hop
    }

    /// The earliest time that is remembered at `clock`, in milliseconds; whole seconds.
    func oldest(at clock: Int64) -> Int64 {
        guard let span else { return .min }
        return (clock - span).floorDivided(by: hop) * hop
    }
}
