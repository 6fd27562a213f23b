internal import AssayMessages
internal import FeatureEngine
internal import RPC
internal import Wire

/// What was read of one entity.
package struct EntityReading: Sendable {
    let reference: EntityReference
    let version: UInt64
    /// The time the values hold for.
    let time: Int64
    /// In the order of the entity's plan; nil if the store could not answer.
    let values: [FeatureValue]?
}

/// Finds vectors by reference, and fills them from readings.
struct VectorReader {
    let definitions: DefinitionSet

    /// Throws NOT_FOUND with the nearest names, or FAILED_PRECONDITION with both fingerprints.
    func find(_ reference: AssayFeaturesV1.VectorRef) throws(RPCError) -> VectorDefinition {
        guard let found = definitions.vector(named: reference.name, version: reference.version)
        else {
            let names = definitions.vectors.map { "\($0.name)@\($0.version)" }
            let wanted = "\(reference.name)@\(reference.version)"
            throw RPCError(
                .notFound,
                "no vector \"\(wanted)\"\(NearestName.hint(wanted, among: names))",
                reason: "VECTOR_NOT_FOUND")
        }
        let vector = definitions.vectors[found]
        guard reference.fingerprint.isEmpty || reference.fingerprint == vector.fingerprint else {
            throw RPCError(
                .failedPrecondition,
                "vector \(vector.name)@\(vector.version) has the fingerprint"
                    + " \(hex(vector.fingerprint)), the call pins \(hex(reference.fingerprint))",
                reason: "VECTOR_FINGERPRINT")
        }
        return vector
    }

    /// The vector's values; a value whose entity or field is not there is absent.
    func vector(
        _ definition: VectorDefinition, event: ResolvedEvent?, readings: [EntityReading],
        time: Int64
    ) -> AssayFeaturesV1.Vector {
        var values: [Double] = []
        var status: [UInt8] = []
        values.reserveCapacity(definition.columns.count)
        status.reserveCapacity(definition.columns.count)
        var degraded = false
        for column in definition.columns {
            let value = self.value(column, event, readings)
            values.append(value.number)
            status.append(value.status.byte)
            degraded = degraded || value.status.kind == .unavailable
        }
        let read = readings.filter { definition.entities.contains($0.reference.entity) }
        return AssayFeaturesV1.Vector(
            ref: AssayFeaturesV1.VectorRef(
                name: definition.name, version: definition.version,
                fingerprint: definition.fingerprint),
            asOf: Timestamp(milliseconds: read.reduce(time) { max($0, $1.time) }), values: values,
            status: status, degraded: degraded, digest: Self.digest(values, status))
    }

    private func value(
        _ column: VectorColumn, _ event: ResolvedEvent?, _ readings: [EntityReading]
    ) -> FeatureValue {
        switch column.source {
        case .aggregate(let entity, let feature):
            guard let reading = readings.first(where: { $0.reference.entity == entity }) else {
                return FeatureValue(column.defaultValue, Status(.absent))
            }
            guard let values = reading.values else {
                return FeatureValue(column.defaultValue, Status(.unavailable))
            }
            let value = values[feature]
            return FeatureValue(value.number / column.divisor, value.status)
        case .field(_, let positions):
            guard let event, let position = positions[event.type],
                let number = event.number(
                    position, of: definitions.events[event.type].fields[position].type)
            else { return FeatureValue(column.defaultValue, Status(.absent)) }
            return FeatureValue(number / column.divisor, Status(.present))
        }
    }

    /// SHA-256 of the values' bits, little-endian, and the status bytes.
    static func digest(_ values: [Double], _ status: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(values.count * 9)
        for value in values {
            withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
        }
        bytes.append(contentsOf: status)
        return Hash.sha256(bytes)
    }

    private func hex(_ bytes: [UInt8]) -> String {
        bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}

extension Timestamp {
    /// `milliseconds` are those of an event: in 1970 to 9999.
    init(milliseconds: Int64) {
        let (seconds, rest) = milliseconds.quotientAndRemainder(dividingBy: 1_000)
        self = Timestamp(seconds: seconds, nanoseconds: Int(rest) * 1_000_000) ?? .blank()
    }
}
