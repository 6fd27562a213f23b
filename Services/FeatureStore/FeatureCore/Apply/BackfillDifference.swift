internal import FeatureEngine

/// A feature that did not change has another value in the new states.
struct BackfillDifference: Error, CustomStringConvertible {
    let description: String

    init(entity: String, key: StateKey, what: String) {
        description = "\(entity) \(key.bytes.hexadecimal): \(what)"
    }

    init(entity: String, key: StateKey, _ found: FeatureComparison.Difference) {
        func text(_ value: Double, _ status: UInt8) -> String {
            "\(value) (bits \(String(value.bitPattern, radix: 16)), status \(status))"
        }
        self.init(
            entity: entity, key: key,
            what: "\(found.feature) is \(text(found.before, found.beforeStatus)) in force and"
                + " \(text(found.after, found.afterStatus)) in the new states")
    }
}
