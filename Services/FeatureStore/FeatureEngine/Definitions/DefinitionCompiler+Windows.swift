/// Windows, lags and tiles.
extension DefinitionCompiler {
    mutating func windows(
        of aggregate: AggregateDeclaration, _ entity: EntityDeclaration
    ) -> [ResolvedAggregate.WindowRead] {
        checkNames(aggregate.names, of: aggregate.windows)
        checkDistinct(aggregate.windows)
        let lag = aggregate.lag.flatMap { span($0, of: "lag") }
        if aggregate.lag != nil, lag == nil { return [] }
        let hop = aggregate.hop.flatMap { span($0, of: "hop") }
        if aggregate.hop != nil, hop == nil { return [] }
        if let hop = aggregate.hop, lag != nil {
            report("tiles of lagged windows last 3h; leave \"hop\" out", at: hop.location)
        }
        return aggregate.windows.enumerated().compactMap { index, text in
            guard let (window, tier) = resolve(text, hop: hop, lag: lag) else { return nil }
            let built =
                "\(entity.short.value)_\(aggregate.name.value)_\(text.value)"
                + (aggregate.lag.map { "_lag\($0.value)" } ?? "")
            let name = index < aggregate.names.count ? aggregate.names[index].value : built
            return ResolvedAggregate.WindowRead(name: name, window: window, lag: lag, tier: tier)
        }
    }

    mutating func checkNames(_ names: [Located<String>], of windows: [Located<String>]) {
        if let first = names.first, names.count != windows.count {
            report("\(names.count) names for \(windows.count) windows", at: first.location)
        }
        unique(names, what: "feature")
    }

    mutating func checkDistinct(_ windows: [Located<String>]) {
        var seen: Set<String> = []
        for window in windows where !seen.insert(window.value).inserted {
            report("window \(window.value) stands twice", at: window.location)
        }
    }

    /// The length of a window and the tier that answers it.
    mutating func resolve(
        _ text: Located<String>, hop: Int64?, lag: Int64?
    ) -> (window: Int64, tier: Tier)? {
        if text.value == "ever" {
            guard lag == nil, hop == nil else {
                report("\"ever\" has neither lag nor hop", at: text.location)
                return nil
            }
            return (Tier.ever.span, .ever)
        }
        guard let window = Window.parse(text.value)?.milliseconds else {
            report("\"\(text.value)\" is not a window such as 24h, or \"ever\"", at: text.location)
            return nil
        }
        do {
            guard let lag else { return (window, try Tier.answering(window: window, hop: hop)) }
            _ = try Tier.answering(window: window, lag: lag)
            return (window, MeasureTable.lagged)
        } catch {
            report(describe(error, text.value, isLagged: lag != nil), at: text.location)
            return nil
        }
    }

    private func describe(_ problem: TierProblem, _ window: String, isLagged: Bool) -> String {
        switch problem {
        case .noTier:
            isLagged
                ? "a lagged window and its lag are at most 365d each"
                : "no tier answers a window of \(window)"
        case .overshoot(let milliseconds):
            "a window of \(window) would overshoot by up to \(milliseconds / 1_000) s, over a"
                + " quarter of it"
        case .hopDoesNotDivide:
            isLagged
                ? "a lagged window and its lag are multiples of 3h"
                : "the hop is whole seconds and divides the window of \(window)"
        case .tooManyTiles(let count):
            "a window of \(window) would take \(count) tiles; at most"
                + " \(Tier.maximumDeclaredTiles)"
        }
    }
}
