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
        let definition = try pipeline.vectors.find(request.vector)
        guard let statistics = store.servedStatistics else {
            throw RPCError(
                .unimplemented, "the shared store keeps no statistics yet", reason: "NOT_HERE")
        }
        guard
            let position = pipeline.definitions.vector(
                named: definition.name, version: definition.version)
        else { throw RPCError(.internal, "a vector of other definitions") }
        let vector = pipeline.quality.vectors[position]
        let wanted = try wanted(request.features, vector)
        let hours = try hours(request.from, request.to, "/to")
        // What was counted so far belongs to it.
        try statistics.add(pipeline.quality.recorder.take(), vectors: pipeline.quality.vectors)
        let current = try statistics.sum(tenant: tenant, vector: vector, hours: hours)
        var drift: [AssayFeaturesV1.FeatureDrift] = []
        if let from = request.baselineFrom, let to = request.baselineTo {
            let baseline = try statistics.sum(
                tenant: tenant, vector: vector, hours: try self.hours(from, to, "/baseline_to"))
            drift = wanted.map { index in
                Drift(
                    of: current.statistics.features[index],
                    against: baseline.statistics.features[index]
                ).message(named: vector.features[index])
            }
        }
        return AssayFeaturesV1.StatsResponse(
            vectors: current.statistics.vectors, hours: UInt32(clamping: current.hours),
            features: wanted.map {
                current.statistics.features[$0].message(named: vector.features[$0])
            }, drift: drift, freshness: freshness(pipeline))
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

    private func hours(
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
        pipeline.definitions.events.enumerated().compactMap { type, definition in
            pipeline.quality.freshness.newest(type: type).map {
                AssayFeaturesV1.Freshness(
                    name: definition.name, newest: Timestamp(milliseconds: $0.time),
                    received: Timestamp(milliseconds: $0.received))
            }
        }
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
