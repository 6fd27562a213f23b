import CAllocationCounter
import FuzzProperties
import Inference
import ModelFixtures
import ModelProperties
import Testing

@Suite(
    "Memory and places of hostile models",
    .enabled(if: allocation_counter_works(), "needs glibc's allocator"))
struct ModelMemoryTests {
    /// The most bytes held at one moment.
    private func peak(_ body: () -> Void) -> Int {
        allocation_counter_start()
        body()
        return Int(allocation_counter_stop().peak)
    }

    @Test(
        "a refusal names its place, and no file holds more than its share",
        arguments: HostileModel.all.indices)
    func hostile(index: Int) {
        let model = HostileModel.all[index]
        for size in [100, 30_000, 400_000] {
            let bytes = model.make(size)
            var result = Result<Int, ModelFileRefusal>.success(0)
            let held = peak { result = model.load(bytes) }
            #expect(held <= 4 * bytes.count + 64 << 20, "\(model.name): \(held) held")
            switch result {
            case .success: #expect(model.path == nil, "\(model.name) was accepted")
            case .failure(let refusal):
                let path = model.path ?? "not refused at all"
                #expect(refusal.path.contains(path), "\(model.name): \(refusal)")
                #expect(refusal.offset <= bytes.count, "\(model.name): \(refusal)")
                #expect(refusal.text.utf8.count < 4_000, "\(model.name): a text without end")
            }
        }
    }

    @Test("a file that is cut off is refused where it ends", arguments: cut)
    func truncated(_ name: String, _ bytes: [UInt8], _ whole: Int) {
        for length in stride(from: 0, to: whole, by: max(1, whole / 997)) {
            let part = Array(bytes.prefix(length))
            let held = peak {
                do throws(ModelFileError) {
                    _ = try ModelFile.load(part, LoadOptions(rounds: .all))
                    Issue.record("\(name) of \(length) bytes was accepted")
                } catch {
                    #expect(!error.path.isEmpty, "\(name), \(length) bytes: \(error)")
                    #expect(error.offset <= length, "\(name), \(length) bytes: \(error)")
                }
            }
            #expect(held <= 4 * length + 64 << 20, "\(name), \(length) bytes: \(held) held")
        }
    }

    /// Name, file, and how much of it no model can do without.
    private static let cut: [(String, [UInt8], Int)] = {
        let names = [
            "xgboost-3.4.1-binary-json", "xgboost-3.4.1-binary-ubj", "lightgbm-4.7.0-poisson",
            "catboost-1.2.10-nan-max", "sklearn-1.9.1-tree", "sklearn-1.9.1-isolation-bare",
        ]
        return names.compactMap { name in
            guard let bytes = try? Fixture.named(name)?.artifact() else { return nil }
            // What stands behind the trees of LightGBM is there to be read by people.
            let end = Array("end of trees".utf8)
            var whole = bytes.count
            while whole > 0, name.hasPrefix("lightgbm"), !bytes[..<whole].ends(with: end) {
                whole -= 1
            }
            while name.hasSuffix("json") || name.hasPrefix("sk") || name.hasPrefix("cat"),
                let last = bytes[..<whole].last, last <= 32
            { whole -= 1 }
            return (name, bytes, whole)
        }
    }()

    @Test("seeds of the fuzzers hold little", arguments: ModelFuzzTarget.allCases)
    func seeds(target: ModelFuzzTarget) {
        for seed in target.seeds {
            let file = target.file(seed.input)
            let held = peak { _ = try? ModelFile.load(file, LoadOptions(rounds: .all)) }
            #expect(held <= 4 * file.count + 1 << 20, "\(seed.name): \(held) held")
        }
    }
}

extension ArraySlice<UInt8> {
    fileprivate func ends(with end: [UInt8]) -> Bool { suffix(end.count).elementsEqual(end) }
}
