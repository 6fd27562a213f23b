internal import AssayMessages
internal import FeatureEngine
internal import RPC
internal import Storage
internal import Wire

/// Orders of erasure and holds as a store remembers them: what was asked, what was proven, who did it.
struct ErasureRecords: Sendable {
    let store: any KeyValueStore

    /// The proof of an order that was carried out before. Throws ALREADY_EXISTS if its id was another
    /// subject's, FAILED_PRECONDITION with the reason if the subject is on hold.
    func proof(of order: ErasureOrder) throws -> [UInt8]? {
        if let known = try store.get(place(of: order), in: .erasure) {
            guard known.starts(with: order.mark) else {
                throw RPCError(
                    .alreadyExists, "this request id was used for another subject",
                    reason: "REQUEST_CONFLICT")
            }
            if known.count > ErasureOrder.markBytes {
                return Array(known.dropFirst(ErasureOrder.markBytes))
            }
        }
        let hold = StorageKey.hold(order.subject, tenant: order.tenant)
        guard let reason = try store.get(hold, in: .erasure) else { return nil }
        throw RPCError(
            .failedPrecondition,
            "the subject is on hold: \(String(decoding: reason, as: UTF8.self))",
            reason: "LEGAL_HOLD")
    }

    /// An order that is begun.
    func beginning(_ order: ErasureOrder) -> WriteBatch {
        var batch = WriteBatch()
        batch.put(place(of: order), order.mark, in: .erasure)
        return batch
    }

    /// The sealed proof of an order that is carried out, and what is to be kept of it.
    ///
    /// - Parameter sequence: the last that was looked at.
    func end(
        _ order: ErasureOrder, _ counts: Erasure.Counts, definitionSet: [UInt8],
        sequence: UInt64, at now: Timestamp
    ) throws -> (proof: [UInt8], batch: WriteBatch) {
        let proof = try SealedRecord.seal(
            AssayFeaturesV1.ErasureProof(
                requestID: order.requestID, tenant: order.tenant, erasedAt: now,
                definitionSet: definitionSet, entities: counts.entities, states: counts.states,
                rows: counts.rows, fields: counts.fields, replies: counts.replies,
                quarantined: counts.quarantined, keys: counts.keys, lastSequence: sequence,
                shared: counts.shared)
        ).bytes
        var batch = WriteBatch()
        batch.put(place(of: order), order.mark + proof, in: .erasure)
        audit(order, "erase", object: order.requestID, at: now, &batch)
        return (proof, batch)
    }

    /// Forbids the erasure of a subject for a reason, or allows it again without one.
    func hold(_ order: ErasureOrder, at now: Timestamp) -> WriteBatch {
        let place = StorageKey.hold(order.subject, tenant: order.tenant)
        var batch = WriteBatch()
        if order.reason.isEmpty {
            batch.delete(place, in: .erasure)
        } else {
            batch.put(place, Array(order.reason.utf8), in: .erasure)
        }
        audit(order, order.reason.isEmpty ? "end_hold" : "hold", object: "", at: now, &batch)
        return batch
    }

    private func place(of order: ErasureOrder) -> [UInt8] {
        StorageKey.proof(order.requestID, tenant: order.tenant)
    }

    private func audit(
        _ order: ErasureOrder, _ action: String, object: String, at now: Timestamp,
        _ batch: inout WriteBatch
    ) {
        AuditLog(store: store).add(
            AssayFeaturesV1.AuditEntry(
                time: now, client: order.client, action: action, object: object,
                reason: order.reason), tenant: order.tenant, to: &batch)
    }
}

extension Quarantine {
    /// Events that name one of the entities.
    func rows(
        naming entities: Set<StateKey>, tenant: String, _ pipeline: EventPipeline
    ) throws -> [QuarantineKey] {
        let key = pipeline.keys.key(of: tenant)
        let types = pipeline.definitions.entities.filter { $0.key.count == 1 }.map(\.name)
        var found: [QuarantineKey] = []
        try scan(tenant: tenant, after: nil, now: 0) { entry in
            let names = entry.row.event.fields.contains { field in
                guard case .text(let text) = field.value else { return false }
                return types.contains { entities.contains(key.pid(entity: $0, key: text)) }
            }
            let resolved = try? pipeline.resolver.resolve(
                entry.row.event, tenant: tenant, received: nil)
            let named = resolved?.entities(pipeline.definitions, tenant: tenant) ?? []
            if names || named.contains(where: { entities.contains($0.key) }) {
                found.append(entry.key)
            }
            return true
        }
        return found
    }
}
