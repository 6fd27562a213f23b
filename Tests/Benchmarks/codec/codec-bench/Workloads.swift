internal import Messages
internal import Peer
internal import Wire

private typealias Ours = BenchCodecV1

extension Workload {
    static func all() throws -> [Workload] {
        [
            try Workload("worked example", example, Bench_Codec_V1_AssessRequest.self),
            try Workload("256 doubles, 8 attributes", features, Bench_Codec_V1_AssessRequest.self),
            try Workload("strings", applicant, Bench_Codec_V1_Applicant.self),
            try Workload("nest of 32", nest, Bench_Codec_V1_Folder.self),
            try Workload("1,000 messages", ledger, Bench_Codec_V1_Ledger.self),
        ]
    }

    /// The worked example of the wire format.
    private static var example: Ours.AssessRequest {
        Ours.AssessRequest(
            requestID: "tx-7f3a", amount: Money("-1250.75", "EUR"),
            occurredAt: Timestamp(nanosecondsSinceEpoch: 1_760_000_000_250_000_000),
            channel: .ecommerce,
            device: Ours.Device(os: "iOS", fingerprint: 0x0123_4567_89AB_CDEF),
            attributes: ["mcc": .integer(5411), "geo": .text("DE")], features: [0.5, -1, 3.25],
            retry: 0)
    }

    /// What the risk service asks the model service: many features, a few attributes.
    private static var features: Ours.AssessRequest {
        var request = example
        request.features = (0..<256).map { Double($0) * 0.37 - 40 }
        request.attributes = [
            "account_age_days": .integer(731), "average_amount": .amount(Money("182.40", "EUR")),
            "country": .text("DE"), "geo": .text("Frankfurt am Main"), "mcc": .integer(5411),
            "returning": .flag(true), "session": .text("5f2c9a7e-88d1-4c1b-b1f5-0d7a3d1c9e42"),
            "velocity": .number(3.75),
        ]
        return request
    }

    private static var applicant: Ours.Applicant {
        Ours.Applicant(
            applicantID: "0b7e2f66-53a9-4c5e-9a4e-27f4a1d0c3b8", givenName: "Zoë",
            familyName: "Müller-Lüdenscheidt", email: "zoe.mueller@example.com",
            phone: "+49 69 1234567", street: "Große Bockenheimer Straße 12",
            city: "Frankfurt am Main", postalCode: "60313", country: "DE",
            employer: "Gesellschaft für angewandte Kryptographie mbH", occupation: "engineer",
            userAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
            ipAddress: "2001:db8:85a3::8a2e:370:7334",
            referrer: "https://example.com/loans?from=home",
            notes: ["called on Monday", "sent the contract", "waits for a signature, see letter"],
            language: "de-DE")
    }

    private static var nest: Ours.Folder {
        (1...31).reduce(Ours.Folder(name: "level 32", size: 32)) { inner, level in
            Ours.Folder(name: "level \(32 - level)", size: UInt64(32 - level), folders: [inner])
        }
    }

    private static var ledger: Ours.Ledger {
        Ours.Ledger(bookings: (0..<1000).map(booking))
    }

    private static func booking(_ index: Int) -> Ours.Booking {
        let noon: Int64 = 1_760_000_000_000_000_000
        return Ours.Booking(
            bookingID: UInt64(7_000_000 + index), account: "DE893704004405\(10_000 + index)",
            amount: Money("-42.05", "EUR"),
            bookedAt: Timestamp(nanosecondsSinceEpoch: noon + Int64(index) * 1_000_000),
            pending: index % 10 == 0)
    }
}
