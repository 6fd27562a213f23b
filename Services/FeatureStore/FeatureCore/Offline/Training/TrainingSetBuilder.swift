internal import AssayMessages
internal import FeatureEngine
internal import RPC
internal import Storage
internal import Wire

/// Makes a training set from the event log, chunk by chunk: it folds the log again and reads each
/// row as it was served.
///
/// The same plan over the same log gives the same bytes; a manifest at the end says how.
struct TrainingSetBuilder {
    private enum Phase { case plan, rows, manifest, done }

    /// A chunk is handed over when it has this many bytes.
    static let chunkBytes = 256 << 10
    static let engineVersion = "1"
    /// Of which states are held in memory: of some kilobytes each.
    static let maximumEntities = 1_000_000

    private let log: EventLog
    private let definitions: DefinitionSet
    private let selection: TrainingSelection
    private let tenant: String
    /// Positions of the vector whose features are not for its purpose.
    private let withheld: [Int]
    private let resumeAfter: UInt64
    private let maximumEntities: Int
    /// Those that rows read: of no others states are made.
    private var entities: Set<StateKey> = []
    private var phase = Phase.plan
    private var steps: LogSteps
    private var states: ReplayStates
    private var labels: TrainingLabels?
    private var table: TrainingTable
    private var manifest: AssayFeaturesV1.TrainingManifest
    private var points: ArraySlice<TrainingSelection.Point>
    private var found: Set<String> = []
    /// Is shown each vector that becomes a row.
    var observe: ((AssayFeaturesV1.Vector) -> Void)?
    /// The ingest time of the last row that counts.
    private var now: Int64 = 0

    /// - Parameter maximumEntities: that rows may read; ``next()`` throws FAILED_PRECONDITION if there
    ///   are more.
    init(
        _ request: AssayFeaturesV1.BuildTrainingSetRequest, log: EventLog,
        definitions: DefinitionSet, vectors: VectorReader, tenant: String,
        maximumEntities: Int = TrainingSetBuilder.maximumEntities
    ) throws {
        var plan = request.plan
        let last = try log.lastSequence()
        if plan.through == 0 || plan.through > last { plan.through = last }
        selection = try TrainingSelection(
            plan, definitions, vectors, log.pipeline, tenant: tenant)
        plan.vector.fingerprint = selection.vector.fingerprint
        self.log = log
        self.definitions = definitions
        self.tenant = tenant
        withheld = definitions.withheld(of: selection.vector)
        resumeAfter = request.resumeAfter
        self.maximumEntities = maximumEntities
        steps = try LogSteps(
            log, through: plan.through, tenant: tenant, byEventTime: plan.mode == .asCorrected)
        states = ReplayStates(definitions, tenant: tenant, reader: vectors)
        table = TrainingTable(
            plan.format, leading: selection.leadingNames,
            features: selection.vector.columns.map(\.name))
        points = selection.points[...]
        manifest = AssayFeaturesV1.TrainingManifest(
            tenant: tenant, plan: plan, definitionSet: definitions.hash,
            lastSequence: plan.through, engineVersion: Self.engineVersion)
    }

    /// The next chunk; nil after the manifest.
    mutating func next() throws -> AssayFeaturesV1.TrainingChunk? {
        switch phase {
        case .plan:
            phase = .rows
            try prepare()
            return .plan(manifest.plan)
        case .rows:
            while phase == .rows {
                while table.byteCount < Self.chunkBytes {
                    guard try step() else {
                        phase = .manifest
                        break
                    }
                }
                // What the caller has already is computed again, for the digest, but not sent.
                let isKnown = table.rows < resumeAfter
                let bytes = table.take()
                if !bytes.isEmpty, !isKnown { return .rows(bytes) }
            }
            return try next()
        case .manifest:
            phase = .done
            return .manifest(try sealed())
        case .done: return nil
        }
    }

    private mutating func sealed() throws -> [UInt8] {
        manifest.rows = table.rows
        manifest.missing = UInt64(selection.idCount.map { $0 - found.count } ?? 0)
        manifest.gone = steps.gone
        manifest.rowsDigest = table.digest
        return try SealedRecord.seal(manifest).bytes
    }

    /// Finds the labels, which come later than what they label, and the entities that rows read.
    private mutating func prepare() throws {
        var gathered: TrainingLabels?
        if let label = manifest.plan.label, let type = selection.labelType {
            gathered = TrainingLabels(label, type: type, tenant: tenant)
        }
        for point in points { try read(point.entities) }
        let last = manifest.plan.through
        var (first, newest): (UInt64, Int64) = (0, 0)
        try log.scan(after: 0) { row in
            guard row.sequence <= last else { return false }
            guard row.tenant == tenant else { return true }
            if first == 0 { first = row.sequence }
            newest = max(newest, row.received.millisecondsSinceEpoch)
            if row.sequence % 1_024 == 0 { try Task.checkCancellation() }
            let isRow = selection.takes(row) && selection.samples(row.event.id)
            guard isRow || gathered != nil, let event = log.pipeline.resolved(row) else {
                return true
            }
            gathered?.see(row, event, definitions)
            if isRow { try read(event.entities(definitions, tenant: tenant)) }
            return true
        }
        labels = gathered
        manifest.firstSequence = first
        now = newest
    }

    /// Takes note of the entities of a row.
    private mutating func read(_ named: [EntityReference]) throws {
        for entity in named where selection.vector.entities.contains(entity.entity) {
            entities.insert(entity.key)
        }
        guard entities.count <= maximumEntities else {
            throw RPCError(
                .failedPrecondition,
                "the rows read more than \(maximumEntities) entities, whose states are held in"
                    + " memory: take a sample or a shorter span, or build it with `assay"
                    + " training-set` from a copy of the store's folder, which has no such bound",
                reason: "TOO_MANY_ENTITIES")
        }
    }

    // MARK: Rows

    /// Takes one row of the log; false at its end.
    private mutating func step() throws -> Bool {
        guard let row = try steps.next() else {
            while let point = points.popFirst() { add(point) }
            return false
        }
        guard let event = log.pipeline.resolved(row) else { return true }
        let moment =
            manifest.plan.mode == .asCorrected
            ? event.time : row.received.millisecondsSinceEpoch
        while let point = points.first, point.time < moment {
            points.removeFirst()
            add(point)
        }
        let entities = event.entities(definitions, tenant: tenant).filter {
            self.entities.contains($0.key)
        }
        if selection.takes(row) { add(row, event, entities) }
        states.apply(event, entities, of: row)
        return true
    }

    private mutating func add(_ point: TrainingSelection.Point) {
        let vector = states.read(
            selection.vector, nil, point.entities, at: point.time, now: point.time)
        write(["\(point.number)", "\(Timestamp(milliseconds: point.time))"], vector)
    }

    private mutating func add(
        _ row: AssayFeaturesV1.LogRow, _ event: ResolvedEvent, _ entities: [EntityReference]
    ) {
        if selection.idCount != nil { found.insert(row.event.id) }
        guard selection.samples(row.event.id) else {
            manifest.unsampled += 1
            return
        }
        var leading = [row.event.id, "\(row.sequence)", "\(row.event.time)"]
        var isPositive = false
        if let labels {
            guard let label = labels.label(of: row.event.id, at: event.time, now: now) else {
                manifest.immature += 1
                return
            }
            isPositive = label
            leading.append(label ? "1" : "0")
        }
        let vector = states.read(
            selection.vector, event, entities, at: event.time,
            now: row.received.millisecondsSinceEpoch)
        guard manifest.plan.mode == .asCorrected || isAsServed(vector, row) else {
            manifest.mismatched += 1
            return
        }
        if isPositive { manifest.positives += 1 }
        write(leading, vector)
    }

    /// Whether the row was served these values, or other vectors alone.
    private func isAsServed(
        _ vector: AssayFeaturesV1.Vector, _ row: AssayFeaturesV1.LogRow
    ) -> Bool {
        let served = row.vectors.first {
            $0.name == selection.vector.name && $0.version == selection.vector.version
        }
        return served.map { $0.digest == vector.digest } ?? true
    }

    private mutating func write(_ leading: [String], _ served: AssayFeaturesV1.Vector) {
        var vector = served
        vector.withhold(withheld, of: selection.vector, definitions)
        observe?(vector)
        table.add(leading, vector.values)
        if table.rows == resumeAfter { _ = table.take() }
    }
}
