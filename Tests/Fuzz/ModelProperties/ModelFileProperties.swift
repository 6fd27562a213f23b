internal import FuzzProperties
internal import Inference

/// What must hold of any bytes that claim to be a model: they are refused with a place, or every
/// layout gives the bits of the plain walk, explanations add up, and nothing traps.
struct ModelFileProperties {
    private let bytes: [UInt8]
    private let options: LoadOptions

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        // What a caller may say besides, from what no edit of one byte changes.
        options = LoadOptions(
            rounds: [.all, .best, .unstated][bytes.count % 3],
            columns: bytes.count % 2 == 0 ? [] : ["f0", "f1", "f2"])
    }

    func check() throws(PropertyViolation) -> Bool {
        if EnsembleFile.recognizes(bytes) { return try checkEnsemble() }
        let model: LoadedModel
        do {
            model = try ModelFile.load(bytes, options)
        } catch {
            try checkPlace(error)
            return false
        }
        try checkForm(model)
        try CompiledProperties(model, seed: UInt64(bytes.count)).check()
        return true
    }

    private func checkEnsemble() throws(PropertyViolation) -> Bool {
        let file: EnsembleFile
        do {
            file = try EnsembleFile(bytes)
        } catch {
            try checkPlace(error)
            return false
        }
        try EnsembleProperties(file).check()
        return true
    }

    /// A refusal says what is wrong, and where in these bytes.
    private func checkPlace(_ error: ModelFileError) throws(PropertyViolation) {
        try require("place", !error.reason.isEmpty && !error.path.isEmpty, error.description)
        switch error.place {
        case .byte(let offset, let path):
            try require(
                "place", 0...bytes.count ~= offset && path.hasPrefix("$"), error.description)
        case .line(let line, let column, _):
            let lines = bytes.lazy.filter { $0 == UInt8(ascii: "\n") }.count + 1
            try require("place", 1...lines ~= line && column >= 1, error.description)
        }
        try require("place", error.description.utf8.count < 100_000, "a text without end")
    }

    /// What everyone behind the loader relies on.
    private func checkForm(_ model: LoadedModel) throws(PropertyViolation) {
        let limits = FormatLimits()
        try require("form", 1...limits.inputs ~= model.inputs.count, "\(model.inputs.count) inputs")
        try require("form", 1...limits.outputs ~= model.outputCount, "\(model.outputCount) outputs")
        let named = model.inputNames
        try require("form", named.isEmpty || named.count == model.inputs.count, "\(named)")
        guard let trees = model.trees else { return }
        try require("form", trees.inputCount == model.inputs.count, "inputs of trees")
        try require("form", trees.depth <= limits.treeDepth, "depth \(trees.depth)")
        for node in trees.nodes where node.isLeaf {
            try require("form", node.value.isFinite, "a leaf of \(node.value)")
        }
        for node in trees.nodes where !node.isLeaf {
            try require("form", node.cover.isNaN || node.cover >= 0, "a cover of \(node.cover)")
            try require("form", node.categories >= 0 || !node.value.isNaN, "a NaN threshold")
        }
        try require("form", trees.leafValues.allSatisfy(\.isFinite), "a leaf that is not finite")
    }
}
