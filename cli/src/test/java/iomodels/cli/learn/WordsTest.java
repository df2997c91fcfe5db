package iomodels.cli.learn;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.wrong.ladder.Language;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class WordsTest {

  private static final Pattern VALUE = Pattern.compile("%[a-z]");

  private final Words english = new Words(Language.EN);
  private final Words chinese = new Words(Language.ZH);

  @Test
  void bothLanguagesHaveTheSameMessages() {
    assertThat(chinese.keys()).isEqualTo(english.keys()).isNotEmpty();
    for (String key : english.keys()) {
      assertThat(values(chinese, key)).as(key).isEqualTo(values(english, key));
    }
  }

  private static List<String> values(Words words, String key) {
    return VALUE.matcher(words.pattern(key)).results().map(MatchResult::group).toList();
  }

  @Test
  void theFirstVariableThatIsSetCounts() {
    assertThat(Words.wanted(Map.of("LANG", "zh_CN.UTF-8"))).isEqualTo(Language.ZH);
    assertThat(Words.wanted(Map.of("LANG", "zh_CN.UTF-8", "LC_ALL", "C"))).isEqualTo(Language.EN);
    assertThat(Words.wanted(Map.of("LANG", "zh", "LC_ALL", ""))).isEqualTo(Language.ZH);
    assertThat(Words.wanted(Map.of())).isEqualTo(Language.EN);
  }
}
