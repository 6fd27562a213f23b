internal import Numerics

/// Reads the `scorecard` of `assay-linear`.
struct ScorecardReader {
    let inputs: [String]

    private static let attributeLimit = 4_096
    private static let binLimit = 1_024

    func read(_ card: JSONCursor) throws(ModelFileError) -> Scorecard {
        try card.requireKeys([
            "base_points", "base_odds", "points_to_double", "reason_method", "attributes",
        ])
        let odds = Scorecard.Odds(
            basePoints: try card.field("base_points").number(),
            base: try positive(card.field("base_odds")),
            pointsToDouble: try card.field("points_to_double").number())
        guard odds.pointsToDouble != 0 else {
            throw try card.field("points_to_double").error("zero points never double the odds")
        }
        let method = try method(card)
        let list = try card.field("attributes")
        guard 1...Self.attributeLimit ~= (try list.count()) else {
            throw list.error("1 to \(Self.attributeLimit) attributes are read")
        }
        var attributes: [Scorecard.Attribute] = []
        var seen: Set<Int> = []
        try list.visit { (_, field) throws(ModelFileError) in
            let attribute = try attribute(field, method)
            guard seen.insert(attribute.input).inserted else {
                throw field.error("the input \(inputs[attribute.input]) has two attributes")
            }
            attributes.append(attribute)
        }
        return Scorecard(odds: odds, reasonMethod: method, attributes: attributes)
    }

    private func positive(_ field: JSONCursor) throws(ModelFileError) -> Double {
        let value = try field.number()
        guard value > 0 else { throw field.error("odds are above zero") }
        return value
    }

    private func method(_ card: JSONCursor) throws(ModelFileError) -> Scorecard.ReasonMethod {
        guard let field = try card.optionalField("reason_method") else { return .belowMaximum }
        guard let method = Scorecard.ReasonMethod(rawValue: try field.text()) else {
            let known = Scorecard.ReasonMethod.allCases.map(\.rawValue).joined(separator: ", ")
            throw field.error("the reason method is one of \(known)")
        }
        return method
    }

    private func attribute(
        _ field: JSONCursor, _ method: Scorecard.ReasonMethod
    ) throws(ModelFileError) -> Scorecard.Attribute {
        try field.requireKeys(["input", "reason", "neutral", "bins"])
        let name = try field.field("input")
        let text = try name.text()
        guard let input = inputs.firstIndex(of: text) else {
            throw name.error("\(text.prefix(64)) is none of the inputs")
        }
        let neutral = try field.optionalField("neutral")?.number()
        if method == .belowNeutral, neutral == nil {
            throw field.error("\"neutral\" is missing, which points_below_neutral needs")
        }
        var attribute = Scorecard.Attribute(
            input: input, reason: try field.optionalField("reason")?.text() ?? "", bins: [],
            missingPoints: nil, neutral: neutral)
        try readBins(field.field("bins"), into: &attribute)
        return attribute
    }

    /// Edges rise, and the bin without an edge comes last: every number falls into one bin.
    private func readBins(
        _ list: JSONCursor, into attribute: inout Scorecard.Attribute
    ) throws(ModelFileError) {
        guard try list.count() <= Self.binLimit else {
            throw list.error("more than \(Self.binLimit) bins")
        }
        try list.visit { (_, bin) throws(ModelFileError) in
            try bin.requireKeys(["below", "points", "missing"])
            let points = try bin.field("points").number()
            if let missing = try bin.optionalField("missing"), try missing.flag() {
                guard attribute.missingPoints == nil else {
                    throw bin.error("two bins for a missing value")
                }
                if let below = try bin.optionalField("below") {
                    throw below.error("the bin of a missing value has no edge")
                }
                attribute.missingPoints = points
                return
            }
            let last = attribute.bins.last
            guard last == nil || last?.below != nil else {
                throw bin.error("a bin after the one that takes all the rest")
            }
            let below = try bin.optionalField("below")
            let edge = try below?.number()
            if let edge, let previous = last?.below, edge <= previous {
                throw (below ?? bin).error("the edges of the bins do not rise")
            }
            attribute.bins.append(.init(below: edge, points: points))
        }
        guard let last = attribute.bins.last, last.below == nil else {
            throw list.error(
                "no bin takes the values above the last edge",
                remedy: "end with a bin that has points alone")
        }
    }
}

extension Scorecard {
    /// An input that no attribute uses may be missing.
    func allowsMissing(input: Int) -> Bool {
        attributes.first { $0.input == input }.map { $0.missingPoints != nil } ?? true
    }
}
