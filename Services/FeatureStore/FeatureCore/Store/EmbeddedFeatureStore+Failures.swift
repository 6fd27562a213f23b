internal import AssayMessages
internal import FeatureEngine
internal import Storage
internal import Synchronization
internal import Wire

/// A store that cannot write goes on reading.
///
/// After a sync that failed, states may hold events that the log lacks: of their entities nothing is
/// told. All others are as the log has them, but may lack what was refused since, and say so.
extension EmbeddedFeatureStore {
    /// Whether events are refused since a write failed.
    public var isRefusing: Bool { refusing.load(ordering: .relaxed) }

    func report(_ kind: StoreFailures.Kind, _ error: any Error) {
        failures.report(kind, error, now: pipeline.clock().millisecondsSinceEpoch)
    }

    /// An event that is in the states did not reach the log.
    func lost(_ scoring: Scoring, _ error: any Error) {
        unsure.withLock { unsure in
            for entity in scoring.entities { unsure.insert(entity.key) }
        }
        failed.store(true, ordering: .releasing)
        refusing.store(true, ordering: .relaxed)
        report(.write, error)
    }

    /// What is said of an event that is not recorded; the stripes of its entities are held.
    func refused(
        _ scoring: Scoring, _ set: ActiveDefinitions, _ error: any Error
    ) -> AssayFeaturesV1.ScoreEventResponse {
        let readings = scoring.entities.map {
            reading($0, set, at: scoring.resolved.time, now: scoring.now, isRefused: true)
        }
        return set.pipeline.notRecorded(scoring, because: error, readings)
    }

    /// An entity as it is; its stripe is held.
    func reading(
        _ entity: EntityReference, _ set: ActiveDefinitions, at time: Int64, now: Int64,
        isRefused: Bool = false
    ) -> EntityReading {
        let isUnsure =
            failed.load(ordering: .acquiring) && unsure.withLock { $0.contains(entity.key) }
        guard !isUnsure, let cached = try? state(entity, set, at: now, before: .max) else {
            return set.pipeline.unavailable(entity, at: time)
        }
        let reading = set.pipeline.reading(entity, cached.state, at: time)
        return isRefused || isRefusing ? reading.flagged(.incomplete) : reading
    }

    // MARK: A full disk

    /// Stores changed states by `body`. On a full disk they stay in memory; what they have is in the
    /// log.
    ///
    /// Where events are synced before their replies, nothing is accepted after a failure until the
    /// store is opened again: this throws as soon as there is room for that.
    func ifPossible(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let error as StorageError where error.code == .full {
            statistics.failedFlushes.add(1, ordering: .relaxed)
            report(.flush, error)
            guard configuration.durability == .synced, hasRoom else { return }
            throw StorageError(
                .full, "the disk was full and has room again: the store must be opened anew")
        }
    }

    private var hasRoom: Bool {
        var batch = WriteBatch()
        batch.put(Array("probe".utf8), [], in: .meta)
        return (try? store.write(batch, sync: true)) != nil
    }

    // MARK: Old rows

    /// Lets go of what has had its time by a clock that is trusted; a failure keeps it longer.
    ///
    /// - Parameter isHour: an hour has passed since the last time.
    func sweep(isHour: Bool) {
        do {
            let time = RetentionTime(store: store)
            let now = pipeline.clock().millisecondsSinceEpoch
            let trusted = try time.trusted(now: now, log: log)
            if trusted < now - 2 * StateLife.day {
                failures.report(
                    .sweep,
                    StorageError(
                        .corrupt,
                        "the clock is \((now - trusted) / StateLife.day) days ahead of when the"
                            + " store was swept last; rows go as if it ran a day an hour"),
                    now: now)
            }
            try dropOldRows(at: trusted)
            if isHour { try time.swept(at: trusted, now: now) }
        } catch {
            report(.sweep, error)
        }
    }
}
