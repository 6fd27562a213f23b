internal import AssayMessages
internal import Wire

extension FactField<AssayRiskV1.Session> {
    static let session: [FactField] = [
        .flag("sess.call_active", "session.call_active") { $0.callActive },
        .whole("sess.events", "session.events") { $0.events },
        .whole("sess.form_ms", "session.form_ms") { $0.formMs },
        .number("sess.interval_cv", "session.interval_cv") { $0.intervalCv },
        .text("sess.ja4", "session.ja4") { $0.ja4 },
        .number("sess.keystroke_z", "session.keystroke_z") { $0.keystrokeZ },
        .flag("sess.login_country_new", "session.login_country_new") { $0.loginCountryNew },
        .whole("sess.mfa_failures", "session.mfa_failures") { $0.mfaFailures },
        .text("sess.mouse", "session.mouse") { $0.mouse == "none" ? "no_movement" : $0.mouse },
        .whole("sess.mouse_events", "session.mouse_events") { $0.mouseEvents },
        .whole("sess.pages", "session.pages") { $0.pages },
        .flag("sess.pasted_password", "session.pasted_password") { $0.pastedPassword },
        .flag("sess.pasted_payee", "session.pasted_payee") { $0.pastedPayee },
        .whole("sess.seconds", "session.seconds") { $0.seconds },
        .whole("sess.tab_switches", "session.tab_switches") { $0.tabSwitches },
        .flag("sess.token_device_changed", "session.token_device_changed") {
            $0.tokenDeviceChanged
        },
        .flag("sess.token_ip_changed", "session.token_ip_changed") { $0.tokenIPChanged },
        .number("sess.touch_sd", "session.touch_sd") { $0.touchSd },
        .number("sess.typing_wpm", "session.typing_wpm") { $0.typingWpm },
    ]
}
