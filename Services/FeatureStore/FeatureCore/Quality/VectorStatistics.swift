/// What was served of one vector in one hour: a sketch per position.
struct VectorStatistics: Hashable, Sendable {
    private(set) var vectors: UInt64 = 0
    private(set) var features: [FeatureSketch]

    init(features: Int) { self.features = Array(repeating: FeatureSketch(), count: features) }

    init(vectors: UInt64, features: [FeatureSketch]) {
        self.vectors = vectors
        self.features = features
    }

    /// Takes served vectors that lie one after the other in `values` and `status`.
    ///
    /// It goes by position, not by vector, so that one sketch after the other is in the cache.
    mutating func add(_ values: [Double], _ status: [UInt8], isCategory: [Bool]) {
        let width = features.count
        guard width > 0, values.count == status.count, values.count % width == 0 else { return }
        values.withUnsafeBufferPointer { values in
            status.withUnsafeBufferPointer { status in
                for feature in 0..<width {
                    features[feature].add(
                        values, status, from: feature, by: width,
                        isCategory: feature < isCategory.count && isCategory[feature])
                }
            }
        }
        vectors = saturating(vectors, UInt64(values.count / width))
    }

    /// Statistics of another span or server. Those of a vector of another width are not of this one.
    mutating func merge(_ other: VectorStatistics) {
        guard other.features.count == features.count else { return }
        vectors = saturating(vectors, other.vectors)
        for index in features.indices { features[index].merge(other.features[index]) }
    }
}
