package iomodels.cli.connect;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TerminalUserTest {

  @Test
  void aTerminalThatTheSystemDoesNotKnowIsTakenForAnXterm() {
    assertThat(TerminalUser.terminalType("no-such-terminal")).isEqualTo("xterm-256color");
    assertThat(TerminalUser.terminalType("xterm")).isEqualTo("xterm");
    assertThat(TerminalUser.terminalType("")).isEqualTo("ansi");
  }

  @Test
  void thePromptFollowsTheLanguageOfMessages() {
    assertThat(TerminalUser.prompt(Map.of(), Locale.ENGLISH)).isEqualTo("> ");
    assertThat(TerminalUser.prompt(Map.of(), Locale.CHINESE)).isEqualTo("请输入》》》");
    assertThat(TerminalUser.prompt(Map.of("LANG", "zh_CN.UTF-8"), Locale.ENGLISH))
        .isEqualTo("请输入》》》");
    assertThat(TerminalUser.prompt(Map.of("LANG", "zh_CN.UTF-8", "LC_ALL", "C"), Locale.CHINESE))
        .isEqualTo("> ");
  }

  @Test
  void theHintSaysHowToLeaveInTheLanguageOfThePrompt() {
    assertThat(TerminalUser.hint(Map.of("LANG", "en_GB.UTF-8"), Locale.CHINESE))
        .isEqualTo("Connected. Press Ctrl-D to leave.");
    assertThat(TerminalUser.hint(Map.of("LANG", "zh_CN.UTF-8"), Locale.ENGLISH))
        .contains("Ctrl-D", "结束");
  }
}
