public import AssayMessages
internal import FeatureEngine
public import RPC
internal import Wire

/// Statistics of what was served, drift and freshness.
extension FeatureService {
    private static let maximumHours: Int64 = 9_600

    public func stats(
        _ request: AssayFeaturesV1.StatsRequest, context: ServerContext
    ) async throws -> AssayFeaturesV1.StatsResponse {
        let tenant = try tenant(context)
        let pipeline = store.pipeline
        let (vector, _) = try statisticsVector(request.vector, pipeline)
        let statistics = try statistics(of: tenant)
        let wanted = try wanted(request.features, vector)
        let hours = try hours(request.from, request.to, "/to")
        let first = try StatsPage.first(request.pageToken, of: wanted.count)
        let page = wanted[first..<min(first + StatsPage.features, wanted.count)]
        // What was counted so far belongs to it.
        try statistics.add(
            pipeline.quality.recorder.take(of: tenant), vectors: pipeline.quality.vectors)
        let current = try statistics.sum(tenant: tenant, vector: vector, hours: hours)
        var response = AssayFeaturesV1.StatsResponse(
            vectors: current.statistics.vectors, hours: UInt32(clamping: current.hours),
            features: page.map {
                current.statistics.features[$0].message(named: vector.features[$0])
            }, freshness: first == 0 ? freshness(pipeline) : [],
            nextPageToken: page.endIndex < wanted.count ? StatsPage.token(page.endIndex) : [])
        var baseline: VectorStatistics?
        if let from = request.baselineFrom, let to = request.baselineTo {
            baseline = try statistics.sum(
                tenant: tenant, vector: vector, hours: try self.hours(from, to, "/baseline_to")
            ).statistics
        } else if let pinned = try statistics.baseline(of: vector, tenant: tenant),
            pinned.statistics.features.count == vector.features.count
        {
            baseline = pinned.statistics
            response.baseline = pinned.description
        }
        if let baseline {
            response.drift = page.map { index in
                Drift(of: current.statistics.features[index], against: baseline.features[index])
                    .message(named: vector.features[index])
            }
        }
        return response
    }

    /// A vector as statistics know it.
    func statisticsVector(
        _ reference: AssayFeaturesV1.VectorRef, _ pipeline: EventPipeline
    ) throws(RPCError) -> (StatisticsStore.Vector, VectorDefinition) {
        let definition = try pipeline.vectors.find(reference)
        guard
            let position = pipeline.definitions.vector(
                named: definition.name, version: definition.version)
        else { throw RPCError(.internal, "a vector of other definitions") }
        return (pipeline.quality.vectors[position], definition)
    }

    func statistics(of tenant: String) throws -> StatisticsStore {
        if let statistics = try store.servedStatistics(of: tenant) { return statistics }
        throw RPCError.askTheKeeper("the statistics")
    }

    /// Positions of the features asked for; all if none are named.
    private func wanted(
        _ names: [String], _ vector: StatisticsStore.Vector
    ) throws(RPCError) -> [Int] {
        guard !names.isEmpty else { return Array(vector.features.indices) }
        var positions: [Int] = []
        for (index, name) in names.enumerated() {
            guard let position = vector.features.firstIndex(of: name) else {
                throw .invalid([
                    FieldViolation(
                        field: "/features/\(index)",
                        description: "\(vector.name) has no feature \"\(name)\""
                            + NearestName.hint(name, among: vector.features))
                ])
            }
            positions.append(position)
        }
        return positions
    }

    func hours(
        _ from: Timestamp, _ to: Timestamp, _ path: String
    ) throws(RPCError) -> Range<Int64> {
        let unit = StatisticsRecorder.millisecondsPerHour
        let first = from.millisecondsSinceEpoch / unit
        let end = (to.millisecondsSinceEpoch.addingClamped(unit - 1)) / unit
        guard first >= 0, first < end, end - first <= Self.maximumHours else {
            throw .invalid([
                FieldViolation(
                    field: path, description: "must lie behind the start, by at most 400 days")
            ])
        }
        return first..<end
    }

    private func freshness(_ pipeline: EventPipeline) -> [AssayFeaturesV1.Freshness] {
        let now = pipeline.clock().millisecondsSinceEpoch
        return pipeline.definitions.events.enumerated().compactMap { type, definition in
            pipeline.quality.freshness.newest(type: type).map { newest in
                let bound = pipeline.definitions.freshnessBound(ofEvent: type)
                return AssayFeaturesV1.Freshness(
                    name: definition.name, newest: Timestamp(milliseconds: newest.time),
                    received: Timestamp(milliseconds: newest.received),
                    boundSeconds: UInt64((bound ?? 0) / 1_000),
                    isStale: bound.map { now - newest.time > $0 } ?? false)
            }
        }
    }
}

/// A page of the features asked for; its token is the position of the next.
private enum StatsPage {
    static let features = 32

    static func token(_ position: Int) -> [UInt8] { StorageKey.bigEndian(UInt64(position)) }

    static func first(_ token: [UInt8], of count: Int) throws(RPCError) -> Int {
        guard !token.isEmpty else { return 0 }
        guard let place = StorageKey.sequence(token), place > 0, place < UInt64(count) else {
            throw .invalid([
                FieldViolation(field: "/page_token", description: "is not one of this list")
            ])
        }
        return Int(place)
    }
}

extension Drift {
    fileprivate func message(named name: String) -> AssayFeaturesV1.FeatureDrift {
        AssayFeaturesV1.FeatureDrift(
            feature: name, insufficient: isInsufficient, stability: stability,
            threshold: threshold, divergence: divergence, nullRate: nullRate,
            baselineNullRate: baselineNullRate, staleRate: staleRate, outOfRange: isOutOfRange,
            alerts: alerts.map(\.rawValue))
    }
}
