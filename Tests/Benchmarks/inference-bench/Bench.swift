import Foundation
import Inference

/// What every part of the benchmark needs: the folder of models, the rows, the number of runs.
struct Bench {
    static let width = 40

    let folder: String
    let rows: BenchRows
    let runs: Int

    func load(_ file: String, _ layout: LayoutChoice = .byRule) throws -> CompiledModel {
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: "\(folder)/\(file)")))
        return CompiledModel(try ModelFile.load(bytes), layout: layout)
    }

    /// Loads a model and says what became of it.
    func introduce(_ file: String) throws -> CompiledModel {
        let clock = ContinuousClock()
        let start = clock.now
        let model = try load(file)
        print(
            "\(file): \(model.treeCount) trees, \(model.layout); read and compiled in "
                + "\(clock.now - start), \(model.byteCount >> 10) KiB")
        return model
    }

    func has(_ file: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(folder)/\(file)")
    }

    static func expect(_ isEqual: Bool, _ text: String) -> Bool {
        print("\(text): \(isEqual ? "0 ulp" : "DIFFERENT")")
        return isEqual
    }
}
