import Inference
import ModelFixtures

/// How far an answer may be from the library's own: `docs/models.md` says why each bound is what it
/// is.
struct LibraryBounds {
    private let about: Fixture.About
    private let model: LoadedModel

    init(_ about: Fixture.About, _ model: LoadedModel) {
        self.about = about
        self.model = model
    }

    /// Why the values are too far apart, or nil. `kind` is the name of their columns.
    func fault(_ kind: String, _ ours: [Double], _ theirs: [Double]) -> String? {
        guard ours.count == theirs.count else {
            return "\(kind): \(ours.count) values instead of \(theirs.count)"
        }
        let isFine: Bool
        let isNumber = kind == "margin" || kind == "probability"
        if kind == "decision" {
            isFine = largest(ours, theirs) { abs($0 - $1) } <= 1e-15
        } else if kind == "score_samples" {
            isFine = steps(ours, theirs) <= 2
        } else if isNumber, isLinearRegression {
            // The order of a dot product is that of the BLAS library.
            isFine = largest(ours, theirs) { abs($0 - $1) / max(abs($1), 1e-300) } <= 1e-12
        } else if isNumber, model.link == .risingExpectiles {
            // Float32's log1p and expm1 differ between C libraries, and the parts may cancel.
            isFine = largest(ours, theirs) { abs($0 - $1) } <= 5e-7
        } else if kind == "probability" {
            isFine = areProbabilities(ours, theirs)
        } else {
            isFine = steps(ours, theirs) == 0
        }
        return isFine ? nil : "\(kind): \(ours) instead of \(theirs)"
    }

    /// Whether a contribution is near enough to the library's. XGBoost's are float32: of a large one,
    /// that number's own unit is the bound.
    func isNear(_ contribution: Double, _ theirs: Double) -> Bool {
        let bound = about.maker == "xgboost" ? 1e-5 + 0x1p-23 * abs(theirs) : 1e-9
        // Not so of a NaN either.
        return abs(contribution - theirs) <= bound
    }

    private var isLinearRegression: Bool {
        guard about.maker == "scikit-learn", case .linear = model.body else { return false }
        return true
    }

    private func areProbabilities(_ ours: [Double], _ theirs: [Double]) -> Bool {
        switch model.link {
        case .catboostLogistic:
            // 1 - p to the bit: where p is near 1, one unit of p is many of 1 - p.
            ours[0] == 1 - ours[1] && theirs[0] == 1 - theirs[1]
                && steps([ours[1]], [theirs[1]]) <= 1
        case .catboostSoftmax, .catboostExponential: steps(ours, theirs) <= 4
        default: steps(ours, theirs) <= (about.maker == "xgboost" ? 0 : 1)
        }
    }

    // MARK: Distances

    private func largest(
        _ ours: [Double], _ theirs: [Double], _ distance: (Double, Double) -> Double
    ) -> Double {
        var largest = 0.0
        for (a, b) in zip(ours, theirs) {
            let found = distance(a, b)
            if found.isNaN { return .infinity }
            largest = max(largest, found)
        }
        return largest
    }

    /// The most numbers of float64 that lie between two values.
    private func steps(_ ours: [Double], _ theirs: [Double]) -> UInt64 {
        zip(ours, theirs).map { a, b -> UInt64 in
            if a.isNaN && b.isNaN || a.bitPattern == b.bitPattern { return 0 }
            guard a.sign == b.sign, !a.isNaN, !b.isNaN else { return .max }
            return max(a.bitPattern, b.bitPattern) - min(a.bitPattern, b.bitPattern)
        }.max() ?? 0
    }
}
