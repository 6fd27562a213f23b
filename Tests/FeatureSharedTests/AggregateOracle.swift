import AssayMessages
import FeatureEngine
import Wire

@testable import FeatureCore

/// Aggregates straight from R1, R2 and R8, from the events as they were sent.
struct AggregateOracle {
    private struct Seen {
        let event: AssayFeaturesV1.Event
        let time: Int64
    }

    private let set: DefinitionSet
    private var seen: [String: [Seen]] = [:]

    init(_ set: DefinitionSet) { self.set = set }

    mutating func add(_ event: AssayFeaturesV1.Event) {
        let row = Seen(event: event, time: event.time.millisecondsSinceEpoch)
        var names: Set<String> = []
        for touch in set.events[0].touches {
            guard let name = name(touch, event), names.insert(name).inserted else { continue }
            seen[name, default: []].append(row)
        }
    }

    private func name(_ touch: Touch, _ event: AssayFeaturesV1.Event) -> String? {
        guard case .text(let key)? = event.fields[set.events[0].fields[touch.fields[0]].name] else {
            return nil
        }
        return "\(touch.entity)/\(key)"
    }

    /// What differs from a served vector; nil if nothing does.
    func difference(
        _ served: AssayFeaturesV1.Vector, _ vector: VectorDefinition, _ event: AssayFeaturesV1.Event
    ) -> String? {
        for (index, column) in vector.columns.enumerated() {
            let source = set.features.features[column.feature].source
            guard case .state(let entity, .aggregate(let read)) = source else { continue }
            let found = served.values[index]
            let expected = value(entity, read, event)
            if found.bitPattern != expected.bitPattern {
                return "\(column.name) is \(found), not \(expected)"
            }
        }
        return nil
    }

    private func value(
        _ entity: Int, _ read: AggregateRead, _ event: AssayFeaturesV1.Event
    ) -> Double {
        // Of two roles, the first that the event names.
        let touches = set.events[0].touches.filter { $0.entity == entity }
        guard let name = touches.compactMap({ name($0, event) }).first else {
            return read.defaultValue
        }
        let rows = seen[name] ?? []
        let now = max(
            rows.map(\.time).max() ?? 0, event.time.millisecondsSinceEpoch)
        let hop = set.entities[entity].group.tiers[read.tier].hop
        let measure = set.entities[entity].group.measures[read.measure]
        var count: Int64 = 0
        var values: [Int64] = []
        for row in rows where floor(row.time, hop) >= floor(now - read.window, hop) {
            for source in measure.sources {
                let touch = set.events[0].touches[source.touch]
                guard self.name(touch, row.event) == name else { continue }
                if let field = source.values.first {
                    guard let field, let number = number(field, row.event) else { continue }
                    values.append(number)
                }
                count += 1
            }
        }
        guard count > 0 else { return read.defaultValue }
        return switch read.aggregate {
        case .count: Double(count)
        case .sum: Double(values.reduce(0, +))
        case .average: Double(values.reduce(0, +)) / Double(count)
        case .maximum: Double(values.max() ?? 0)
        case .minimum: Double(values.min() ?? 0)
        case .deviation, .logAverage:
            preconditionFailure("not among the aggregates of these tests")
        }
    }

    private func floor(_ time: Int64, _ hop: Int64) -> Int64 {
        time >= 0 ? time / hop : -((-time + hop - 1) / hop)
    }

    private func number(_ field: Int, _ event: AssayFeaturesV1.Event) -> Int64? {
        switch event.fields[set.events[0].fields[field].name] {
        case .integer(let number)?: number
        case .amount(let money)?: money.coefficient
        default: nil
        }
    }
}
