import AssayMessages
import RPC
import Testing

@testable import ModelCore

@Suite("After the link")
struct PostProcessingTests {
    @Test("a probability has the standard bands unless the version has its own")
    func bands() throws {
        let version = try SmallVersion.make()
        // The logistic function of -0.5 is 0.378, of 0.5 is 0.622, of 1.5 is 0.818.
        #expect(
            try [-1, 0, 1].map { try version.predict([$0, 0]).band } == ["low", "medium", "high"])
        let own = try SmallVersion.make {
            $0.bands = .init(names: ["fine", "look"], edges: [0.8])
        }
        #expect(try [0, 1].map { try own.predict([$0, 0]).band } == ["fine", "look"])
        let amounts = try SmallVersion.make(link: "identity")
        #expect(try amounts.predict([5, 0]).band == "")
        #expect(
            refusal { try SmallVersion.make { $0.bands = .init(names: ["a"], edges: [1]) } }.message
                .hasPrefix("manifest.bands: "))
    }

    @Test("a calibration changes the probability and the band, never the margin")
    func calibration() throws {
        let version = try SmallVersion.make {
            $0.calibration = .isotonic(.init(inputs: [0, 1], outputs: [0, 0.5]))
        }
        let plain = try SmallVersion.make()
        let (raw, response) = (try plain.predict([1, 0]), try version.predict([1, 0]))
        #expect(response.margin == raw.margin)
        #expect(response.probability == [raw.probability[0] / 2])
        #expect(raw.band == "high" && response.band == "medium")
        let falling = refusal {
            try SmallVersion.make {
                $0.calibration = .isotonic(.init(inputs: [0, 1], outputs: [1, 0]))
            }
        }
        #expect(falling.message.hasPrefix("manifest.calibration.isotonic: "))
        let amount = refusal {
            try SmallVersion.make(link: "identity") {
                $0.calibration = .platt(.init(slope: -1, intercept: 0))
            }
        }
        #expect(amount.message.hasPrefix("manifest.calibration: "))
    }

    @Test("golden rows hold the version to its probability and band")
    func golden() throws {
        func row(_ probability: [Double], _ band: String) throws -> ServingVersion {
            try SmallVersion.make {
                $0.goldenRows = [
                    .init(values: [1, 0], margin: [1.5], probability: probability, band: band)
                ]
            }
        }
        let probability = try SmallVersion.make().predict([1, 0]).probability
        #expect(try row(probability, "high").goldenRowCount == 1)
        #expect(
            refusal { try row([0.5], "") }.message.hasPrefix(
                "manifest.golden_rows[0].probability[0]: expected 0.5, the model gives 0.8175"))
        #expect(
            refusal { try row([], "low") }.message
                == "manifest.golden_rows[0].band: expected \"low\", the model gives \"high\"")
    }

    @Test("an offset, a range of rounds and a threshold for explaining are taken where they can be")
    func options() throws {
        let version = try SmallVersion.make()
        #expect(try version.predict([1, 0]) { $0.offset = 2 }.margin == [3.5])
        let rounds = refusal {
            try version.predict([1, 0]) { $0.iterations = .init(begin: 0, end: 1) }
        }
        #expect(rounds.message == "iterations: the model has no boosting rounds")
        let low = try version.predict([-9, 0]) {
            $0.explain = .contributions
            $0.explainFrom = 0.5
        }
        #expect(low.explanation == nil)
        let high = try version.predict([9, 0]) {
            $0.explain = .contributions
            $0.explainFrom = 0.5
        }
        #expect(high.explanation?.attributions.map(\.field) == ["a", "b"])
        #expect(high.explanation?.method == .linear)
    }
}
