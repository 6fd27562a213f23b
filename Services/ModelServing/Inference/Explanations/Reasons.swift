/// A reason code with what its inputs added together, and those inputs.
public struct Reason: Sendable, Hashable {
    public var code: String
    public var value: Double
    /// The one that added most comes first.
    public var inputs: [Int]
}

/// Picks what pushed a row towards the positive class: the codes that go into a notice. Their texts
/// and law are the risk service's.
public enum Reasons {
    public static let most = 4

    /// Values of inputs with one code are added; codes that push towards the positive class come
    /// largest first, at most four, ties in the order of the inputs.
    ///
    /// - Parameter codes: one per input; empty for an input that gives no reason.
    public static func towardsPositive(
        _ attributions: Attributions, codes: [String], most: Int = most
    ) -> [Reason] {
        precondition(codes.count == attributions.values.count)
        let sign = attributions.fallsWithRisk ? -1.0 : 1
        var reasons: [Reason] = []
        var places: [String: Int] = [:]
        for (input, code) in codes.enumerated() where !code.isEmpty {
            let value = sign * attributions.values[input]
            if let place = places[code] {
                reasons[place].value += value
                reasons[place].inputs.append(input)
            } else {
                places[code] = reasons.count
                reasons.append(Reason(code: code, value: value, inputs: [input]))
            }
        }
        let pushing = reasons.indices.filter { reasons[$0].value > 0 }
        let order = pushing.sorted { (-reasons[$0].value, $0) < (-reasons[$1].value, $1) }
        return order.prefix(most).map { place in
            var reason = reasons[place]
            reason.inputs.sort {
                (-sign * attributions.values[$0], $0) < (-sign * attributions.values[$1], $1)
            }
            return reason
        }
    }
}

/// One line of an explanation for a reader.
public struct AttributionText: Sendable, Hashable, CustomStringConvertible {
    public var input: String
    public var value: Double
    /// "increases fraud risk", "decreases fraud risk" or "no effect".
    public var effect: String

    public var description: String { "\(input): \(value) \(effect)" }

    /// Inputs by the size of what they added, ties in the order of the signature.
    public static func ranked(
        _ attributions: Attributions, names: [String], positiveClass: String
    ) -> [AttributionText] {
        precondition(names.count == attributions.values.count)
        let order = names.indices.sorted {
            (-abs(attributions.values[$0]), $0) < (-abs(attributions.values[$1]), $1)
        }
        return order.map { input in
            let value = attributions.values[input]
            let towards = attributions.fallsWithRisk ? -value : value
            let effect =
                towards > 0
                ? "increases \(positiveClass) risk"
                : towards < 0 ? "decreases \(positiveClass) risk" : "no effect"
            return AttributionText(input: names[input], value: value, effect: effect)
        }
    }
}
