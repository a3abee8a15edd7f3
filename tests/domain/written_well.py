"""Summaries as a good model writes them, of some of the papers in `benchmarks.abstracts`.

Written by hand, in the ways in which such models write numbers, terms and names.
"""

from collections.abc import Mapping
from typing import Final

WELL: Final[Mapping[tuple[int, str], tuple[str, ...]]] = {
    (0, "ko"): (
        "Harbor는 여러 대화에서 공통된 프롬프트 앞부분을 찾아 키·값 캐시(key-value cache)를 "
        "여러 서버의 메모리에서 공유한다.",
        "210만 개의 앞부분 가운데 일치하는 것을 0.3ms 만에 찾고, 첫 단어를 읽는 동안 캐시를 "
        "옮긴다.",
        "대화 4만 8,000건의 기록에서 첫 토큰을 2.7배 빠르게 내놓고, 같은 가속기 16개로 41% "
        "더 많은 사용자를 처리한다.",
        "공유할 것이 없을 때 처리량(throughput) 손실은 1.5% 미만이다.",
    ),
    (0, "ja"): (
        "Harborは会話間で共通するプロンプトの先頭を見つけ、キー・バリューキャッシュ(key-value"
        " cache)を複数台のメモリで共有する。",
        "210万件の先頭から0.3ミリ秒で一致を見つけ、最初の単語を読む間に移動する。",
        "4万8000件の会話の記録で最初のトークンが2.7倍速くなり、同じ16台のアクセラレータで41%"
        "多い利用者に対応した。",
        "共有がない場合のスループット(throughput)の低下は1.5%未満である。",
    ),
    (0, "zh"): (
        "Harbor识别不同对话中相同的提示前缀,并在多台机器的内存中共享键值缓存(key-value cache)。",
        "它能在0.3毫秒内从210万个前缀中找到匹配项,并在读取首批词时完成迁移。",
        "在4.8万段对话上,首个token的速度提升至2.7倍,同样16块加速器可多服务41%的用户。",
        "没有可共享内容时,吞吐量(throughput)损失低于1.5%。",
    ),
    (0, "de"): (
        "Harbor erkennt gemeinsame Anfänge von Prompts über Gespräche hinweg und teilt ihre "
        "Key-Value-Caches zwischen mehreren Maschinen.",
        "Ein Anfang wird in 0,3 ms unter 2,1 Millionen gefunden und verschoben, während die "
        "ersten Wörter gelesen werden.",
        "Bei 48.000 aufgezeichneten Gesprächen kommt das erste Token 2,7-mal schneller, und "
        "16 Beschleuniger bedienen 41 % mehr Menschen.",
        "Wenn nichts geteilt wird, kostet das weniger als 1,5 % des Durchsatzes.",
    ),
    (0, "fr"): (
        "Harbor reconnaît les débuts communs entre conversations et partage leurs caches "
        "clé-valeur entre plusieurs machines.",
        "Un début est trouvé en 0,3 ms parmi 2,1 millions et déplacé pendant la lecture des "
        "premiers mots.",
        "Sur 48 000 conversations, le premier token arrive 2,7 fois plus vite et 16 "
        "accélérateurs servent 41 % de personnes en plus.",
        "Sans partage, le coût reste inférieur à 1,5 % du débit.",
    ),
    (0, "ru"): (
        "Harbor распознаёт общие начала запросов в разных диалогах и делит кэш ключей и "
        "значений (key-value cache) между машинами.",
        "Начало находится за 0,3 мс среди 2,1 млн и переносится, пока читаются первые слова.",
        "На 48 000 диалогов первый токен появляется в 2,7 раза быстрее, а 16 ускорителей "
        "обслуживают на 41 % больше людей.",
        "Если общего нет, потери пропускной способности (throughput) меньше 1,5 %.",
    ),
    (0, "es"): (
        "Harbor reconoce comienzos comunes entre conversaciones y comparte sus cachés de "
        "claves y valores entre varias máquinas.",
        "Encuentra un comienzo en 0,3 ms entre 2,1 millones y lo traslada mientras se leen "
        "las primeras palabras.",
        "En 48.000 conversaciones el primer token llega 2,7 veces más rápido y los mismos 16 "
        "aceleradores atienden a un 41 % más de personas.",
        "Cuando no se comparte nada, el coste es inferior al 1,5 % del rendimiento.",
    ),
    (0, "en"): (
        "Harbor recognises prompt beginnings shared across conversations and reuses their "
        "key-value caches from the memory of several machines.",
        "A shared beginning is found in 0.3 ms among 2.1 million and is moved while the "
        "first words are still being read.",
        "On traces of 48,000 conversations, the first token arrives 2.7x faster and 41% more "
        "people are served on 16 accelerators.",
        "Without any sharing, throughput drops by less than 1.5%.",
    ),
    (2, "ko"): (
        "보상이 최대 d라운드 뒤에 관찰되는 K개 팔 밴딧(bandit)에서 ε-탐욕 탐색(ε-greedy "
        "exploration)의 후회(regret)를 분석한다.",
        "탐색률을 ε_t = min(1, cK/t)로 두면 후회가 O(K log T + d√K)임을 증명한다.",
        "지연 d를 모르는 어떤 알고리즘도 Ω(d√K)보다 나을 수 없음을 보여, 기존 상한과 하한 "
        "사이의 √d 격차를 없앤다.",
        "증명은 지연된 과정과 지연 없는 과정의 결합(coupling)에 기반한다.",
    ),
    (2, "en"): (
        "The paper analyses ε-greedy exploration for bandits whose rewards are observed only "
        "after a delay of up to d rounds.",
        "It proves a regret of O(K log T + d√K) and shows that no algorithm without "
        "knowledge of d can beat Ω(d√K).",
        "The result closes a gap of √d between earlier bounds, using a coupling of delayed "
        "and undelayed processes.",
    ),
    (4, "ko"): (
        "최근 4년간의 논문 187편을 무엇을(사실·사건·태도), 어디에(프롬프트·저장소·가중치), "
        "언제 잊는지에 따라 정리한 대화형 에이전트 기억(memory) 조사 논문이다.",
        "대부분의 연구가 하루 이내의 회상(recall)만 측정하며, 망각(forgetting)은 거의 "
        "다뤄지지 않았다.",
        "무엇을 기억으로 볼지에 대해 일치하는 벤치마크가 두 개도 없다.",
        "공통 어휘와 5가지 미해결 과제를 제안한다.",
    ),
    (6, "en"): (
        "Gentle Pruning removes a few weights after every training batch, never more than "
        "the network can compensate for at once.",
        "It relies only on gradients that ordinary training already computes.",
        "Pruned networks need no retraining, keep their calibration and end up with "
        "hardware-friendly structures.",
    ),
    (6, "ko"): (
        "Gentle Pruning은 학습 배치(batch)마다 네트워크가 보완할 수 있는 만큼만 가중치를 "
        "조금씩 제거한다.",
        "일반 학습에서 이미 계산되는 기울기(gradient)만 사용한다.",
        "재학습(retraining)이 필요 없고 보정(calibration)이 유지되며 하드웨어 친화적인 "
        "구조가 남는다.",
    ),
    (9, "en"): (
        "A simulated robot learns kitchen tasks by tidying up: each trial starts where the "
        "previous one ended, so whatever it undoes must be redone.",
        "After 11 days of simulated time on one accelerator, it sets a table for four in 83 "
        "of 100 unseen kitchens.",
        "It succeeds in 31 of 50 real kitchens without further training, versus 12 of 50 for "
        "a policy trained on 900 demonstrations.",
    ),
    (9, "ko"): (
        "시뮬레이션 로봇이 정리를 반복하며 스스로 배우는 방식으로, 매 시도는 이전 시도가 "
        "끝난 상태에서 시작한다(demonstration 불필요).",
        "가속기 1개로 시뮬레이션 시간 11일을 학습한 뒤, 처음 보는 주방 100곳 중 83곳에서 "
        "4인용 식탁을 차렸다.",
        "실제 주방에서는 추가 학습 없이 50곳 중 31곳에서 성공했으며, 시연 900개로 학습한 "
        "정책은 12곳에 그쳤다.",
    ),
}
"""By the paper's place in that set, and the language."""
