internal import AssayMessages
internal import FeatureEngine
internal import RPC
internal import Wire

/// What was read of one entity: the state as it was, which vectors are computed from.
///
/// A state that is changed while a reading of it is around is copied first: let readings go before
/// an event is applied.
package struct EntityReading: Sendable {
    let reference: EntityReference
    let version: UInt64
    /// The time its values hold for.
    let time: Int64
    /// Nil if the store could not answer.
    let held: HeldState?
    /// What is to be said of all its values.
    private(set) var flags: Status.Flags = []

    /// - Parameter time: that of the read; a state that is further on is read at its own.
    init(_ reference: EntityReference, _ state: FeatureState?, at time: Int64) {
        self.init(reference, held: state.map { HeldState($0) }, at: time)
    }

    /// Without a copy: `held` is not to change while the reading is around.
    init(_ reference: EntityReference, held: HeldState?, at time: Int64) {
        self.reference = reference
        self.held = held
        version = held?.state.version ?? 0
        self.time = held?.state.readTime(time) ?? time
    }

    func flagged(_ flags: Status.Flags) -> EntityReading {
        var reading = self
        reading.flags.formUnion(flags)
        return reading
    }
}

/// Finds vectors by reference, and computes them from readings.
struct VectorReader: Sendable {
    let definitions: DefinitionSet
    private let plans: VectorPlans
    private let keys: TenantKeys

    /// - Parameter keys: those that hashed the texts of the states.
    init(definitions: DefinitionSet, keys: TenantKeys = .withoutSecret) {
        self.definitions = definitions
        self.keys = keys
        plans = VectorPlans(definitions)
    }

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
        vectors([definition], event: event, readings: readings, time: time)[0]
    }

    /// The vector's values; the event is applied to each state, where it is, between what is read
    /// before that and what is read after.
    ///
    /// - Parameter isDigested: whether somebody wants to know the values by their digest.
    func vector(
        _ definition: VectorDefinition, applying event: ResolvedEvent, sequence: UInt64,
        to readings: [EntityReading], isDigested: Bool = true
    ) -> AssayFeaturesV1.Vector {
        let (plan, _) = plans.plan(of: [definition])
        let tenant = readings.first?.reference.tenant ?? ""
        let values = values(
            of: plan.plan, plan.tokens(of: tenant, keys), event: event, readings: readings,
            time: event.time, applying: sequence)
        return Self.vector(definition, values[0], isDigested: isDigested)
    }

    /// The values of several vectors, read as one.
    func vectors(
        _ wanted: [VectorDefinition], event: ResolvedEvent?, readings: [EntityReading], time: Int64
    ) -> [AssayFeaturesV1.Vector] {
        guard !wanted.isEmpty else { return [] }
        let (plan, place) = plans.plan(of: wanted)
        let tenant = readings.first?.reference.tenant ?? ""
        let values = values(
            of: plan.plan, plan.tokens(of: tenant, keys), event: event, readings: readings,
            time: time)
        return zip(wanted, place).map { Self.vector($0, values[$1]) }
    }

    /// The values of features by their positions, whatever vectors they are in.
    func values(
        ofFeatures features: [Int], event: ResolvedEvent?, readings: [EntityReading], time: Int64
    ) -> VectorValues {
        let plan = definitions.plan(features: features)
        let key = keys.key(of: readings.first?.reference.tenant ?? "")
        let tokens = TokenTexts(plan.texts) { UInt64(bitPattern: key.hash($0)) }
        return values(of: plan, tokens, event: event, readings: readings, time: time)[0]
    }

    private func values(
        of plan: VectorPlan, _ tokens: TokenTexts, event: ResolvedEvent?,
        readings: [EntityReading], time: Int64, applying sequence: UInt64? = nil
    ) -> [VectorValues] {
        plan.read { reading in
            if let event {
                reading.begin(EventInput(event.engineEvent, texts: event.texts), tokens: tokens)
            } else {
                reading.begin(at: time, tokens: tokens)
            }
            for entity in readings { read(entity, event, into: &reading, plan, sequence) }
            return reading.finish()
        }
    }

    /// Throws UNAVAILABLE if the store could not give values of a vector that is not to be served
    /// without them (`on_unavailable: fail`).
    func checkAvailable(_ vectors: [AssayFeaturesV1.Vector]) throws(RPCError) {
        for vector in vectors where vector.degraded {
            let position = definitions.vector(named: vector.ref.name, version: vector.ref.version)
            guard let position, definitions.vectors[position].onUnavailable == .fail else {
                continue
            }
            let missing = vector.status.count { Status(byte: $0).kind == .unavailable }
            throw RPCError(
                .unavailable,
                "the store cannot give \(missing) of the \(vector.values.count) values of"
                    + " \(vector.ref.name)@\(vector.ref.version)", reason: "STORE_DOWN")
        }
    }

    private func read(
        _ entity: EntityReading, _ event: ResolvedEvent?, into reading: inout VectorReading,
        _ plan: VectorPlan, _ sequence: UInt64?
    ) {
        let reference = entity.reference
        let isRelaxed = definitions.entities[reference.entity].isRelaxed
        let flags = isRelaxed ? entity.flags.union(.eventual) : entity.flags
        // One that the event does not name was named by the caller.
        guard let event, reference.touches != 0 else {
            precondition(sequence == nil, "an event is applied to entities that it names")
            let role = EntityRole(reference.entity)
            guard let held = entity.held else { return reading.mark(role, .unavailable) }
            return held.read { reading.read($0.state, as: role, flags: flags) }
        }
        guard let held = entity.held else {
            return reading.mark(touches: reference.touches, .unavailable)
        }
        held.read { reading.read($0.state, touches: reference.touches, flags: flags) }
        if let sequence {
            held.apply(event.engineEvent, touches: reference.touches, sequence: sequence)
            guard plan.readsAfterApply else { return }
            held.read { reading.readAfterApply($0.state, touches: reference.touches, flags: flags) }
        } else if plan.readsAfterApply {
            // What the state will be, if the event is applied to it next.
            var after = held.state
            _ = after.apply(
                event.engineEvent, touches: reference.touches,
                sequence: held.state.highestSequence + 1, delivery: .first)
            reading.readAfterApply(after, touches: reference.touches, flags: flags)
        }
    }

    private static func vector(
        _ definition: VectorDefinition, _ read: VectorValues, isDigested: Bool = true
    ) -> AssayFeaturesV1.Vector {
        AssayFeaturesV1.Vector(
            ref: AssayFeaturesV1.VectorRef(
                name: definition.name, version: definition.version,
                fingerprint: definition.fingerprint),
            asOf: Timestamp(milliseconds: read.time), values: read.values, status: read.status,
            degraded: read.isDegraded,
            digest: isDigested ? digest(read.values, read.status) : [])
    }

    /// SHA-256 of the values' bits, little-endian, and the status bytes.
    static func digest(_ values: [Double], _ status: [UInt8]) -> [UInt8] {
        Hash.sha256(values.map { $0.bitPattern.littleEndian }, status)
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
