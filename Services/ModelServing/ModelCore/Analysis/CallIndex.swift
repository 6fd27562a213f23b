package import Storage

/// Which unit of an experiment a call was about, and when: outcomes name calls, analysis needs units.
///
/// Derived and idempotent: written behind while calls are answered, and again from the decision log.
package struct CallIndex: Sendable {
    private let store: any KeyValueStore
    private let keys: AnalysisKeys

    package init(store: any KeyValueStore, tenant: String = "default") {
        self.store = store
        keys = AnalysisKeys(tenant: tenant)
    }

    /// One call of one experiment.
    package struct Call: Sendable, Equatable {
        package let experiment: String
        package let epoch: UInt32
        /// The decision's id, or the request id of the call that was scored.
        package let id: String
        /// Hash of the draw of the arm.
        package let unit: UInt64
        /// Milliseconds since 1970, UTC.
        package let at: Int64

        package init(experiment: String, epoch: UInt32, id: String, unit: UInt64, at: Int64) {
            self.experiment = experiment
            self.epoch = epoch
            self.id = id
            self.unit = unit
            self.at = at
        }
    }

    /// Adds a call to a batch that somebody writes. The same call again changes nothing.
    package func put(_ call: Call, into batch: inout WriteBatch) {
        batch.put(
            keys.call(call.experiment, call.epoch, call.id),
            BigEndian.bytes(call.unit) + BigEndian.bytes(call.at),
            in: AnalysisKeys.family)
    }

    package func visit(
        _ experiment: String, _ epoch: UInt32, _ body: (Call) throws -> Void
    ) throws {
        let range = keys.calls(experiment, epoch)
        let prefix = range.lower.count
        try store.scan(AnalysisKeys.family, range, reversed: false) { key, value in
            guard value.count == 16 else {
                throw StorageError(.corrupt, "a call of experiment \(experiment) is damaged")
            }
            try body(
                Call(
                    experiment: experiment, epoch: epoch,
                    id: String(decoding: key.dropFirst(prefix), as: UTF8.self),
                    unit: BigEndian.number(value.prefix(8)),
                    at: Int64(bitPattern: BigEndian.number(value.dropFirst(8)))))
            return true
        }
    }
}
